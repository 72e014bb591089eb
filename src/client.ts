/** `connect`, and the `Database` it gives. */
import { setTimeout as after } from "node:timers/promises";
import { type Config, type ConfigOptions, loadConfig } from "./config/load.ts";
import { left } from "./deadline.ts";
import { ConnectionError, DatabaseError, ParameterError, TimeoutError } from "./errors.ts";
import { Journal, type QueryStats } from "./telemetry/journal.ts";
import { JobLog } from "./logs/job_log.ts";
import { keyRing } from "./vault/key_ring.ts";
import { DatabaseVault } from "./vault/key_states.ts";
import {
  logPolicy,
  type Maintained,
  maintainLogs,
  type MaintainOptions,
} from "./logs/retention.ts";
import { type JobLogOptions, type JobLogStats, LogSink } from "./logs/writer.ts";
import { type JobLogLine, LogTails, type TailOptions } from "./logs/tail.ts";
import { levelled, type Logger } from "./telemetry/logger.ts";
import { openConnection } from "./connection/open_connection.ts";
import type { CallOptions, Queryable, QueryOptions, StreamOptions } from "./query.ts";
import { Scheduler, type SchedulerOptions } from "./jobs/scheduler.ts";
import type { Secret } from "./vault/secret.ts";
import { Settings } from "./settings/settings.ts";
import { type Answer, Connection, type OnNotify } from "./connection/connection.ts";
import { ConnectionPool, type PoolStats } from "./connection/pool.ts";
import { traitsOf } from "./connection/statement_text.ts";
import { codeOf, type TransactionTrace } from "./telemetry/trace.ts";
import { type JobHandler, Worker, type WorkOptions } from "./jobs/worker.ts";
import {
  OpenTransaction,
  type Transaction,
  type TransactionOptions,
} from "./connection/transaction.ts";
import { lateTransaction, runCallback } from "./connection/transaction_callback.ts";
import type { KeyProvider } from "./vault/vault.ts";

/** What `connect` takes; everything else comes from the configuration. */
export interface ConnectOptions extends ConfigOptions, CallOptions {
  /** Where log lines go; `console` unless told. */
  readonly logger?: Logger | undefined;
  /** The keys that seal and open, such as a key management service's; the configuration's unless told. */
  readonly keys?: KeyProvider | undefined;
  /** How lines of jobs are gathered. */
  readonly jobLog?: JobLogOptions | undefined;
}

/** What `close` takes. */
export interface CloseOptions {
  /** Milliseconds that running work is given to end; 5,000 unless told. */
  readonly drain?: number | undefined;
}

/** The pool at this moment, and the queries that took longest. */
export interface DatabaseStats extends PoolStats {
  /** By their slowest call, at most ten. */
  readonly slowest: readonly QueryStats[];
  /** Lines of jobs on their way. */
  readonly jobLog: JobLogStats;
}

/** Milliseconds that lines of jobs are given at least when the database closes. */
const FLUSH = 1_000;
const RETRYABLE: ReadonlySet<string> = new Set(["40001", "40P01"]);

/**
 * Opens a pool and makes its first connection. Where there is a key ring, its keys are compared
 * with the database: what is wrong is logged, and refuses credentials alone.
 *
 * With `url`, or with DATABASE_URL in the environment, no file is needed;
 * otherwise the URL stands in `config/environments/<NETRAVEN_ENV>.yaml`.
 *
 * @param options What differs from the configuration.
 * @throws {ConfigError} the configuration is wrong.
 * @throws {ConnectionError | TimeoutError} the server cannot be reached or refuses.
 * @example
 * await using db = await connect();
 * const { rows } = await db.query("select 1 as one");
 */
export async function connect(options: ConnectOptions = {}): Promise<Database> {
  const { logger = console, keys, jobLog, signal, timeout, ...rest } = options;
  const config = await loadConfig(rest);
  const db = new Database(config, logger, keys, jobLog);
  try {
    await db.ready({ signal, timeout });
    const patience = timeout ?? config.database.timeouts.connect;
    await warnOfKeys(db, levelled(logger, config.logging.level), { signal, timeout: patience });
  } catch (error) {
    await db.close({ drain: 0 });
    throw error;
  }
  return db;
}

/** Says in the log what is wrong with the keys, where there are any. */
async function warnOfKeys({ vault }: Database, logger: Logger, options: CallOptions) {
  if (!vault.configured) return;
  try {
    await vault.ready(options);
  } catch (error) {
    options.signal?.throwIfAborted();
    // Without the schema there is nothing to seal for.
    if (error instanceof DatabaseError && error.sqlState === "42P01") return;
    // What a provider of the caller's own throws may say more than a log should.
    const problem = error instanceof DatabaseError ? error.message : "the keys cannot be had";
    logger.warn(`Credentials cannot be sealed or opened: ${problem}`);
  }
}

/** A pool of connections, the settings and the keys. Made by `connect`. */
export class Database implements Queryable {
  /** The system settings, cached. */
  readonly settings: Settings;
  /** The keys of the sealed columns, compared with the database. */
  readonly vault: DatabaseVault;
  readonly #config: Config;
  readonly #journal: Journal;
  readonly #pool: ConnectionPool;
  readonly #listen: (onNotify: OnNotify) => Promise<Connection>;
  readonly #workers = new Set<Worker>();
  readonly #schedulers = new Set<Scheduler>();
  readonly #sink: LogSink;
  readonly #tails: LogTails;

  constructor(config: Config, logger: Logger, keys?: KeyProvider, jobLog?: JobLogOptions) {
    this.#config = config;
    this.#journal = new Journal(logger, config.logging);
    const { timeouts, pool } = config.database;
    const open = (timeout: number, onNotify?: OnNotify) =>
      openConnection(config.database, Math.min(timeout, timeouts.connect), onNotify);
    this.#pool = new ConnectionPool(open, pool);
    this.#listen = (onNotify) => open(timeouts.connect, onNotify);
    this.settings = new Settings(this, {
      defaults: config.settings,
      override: (key) => config.settingOverride(key),
      listen: this.#listen,
      logger: this.#journal.logger,
    });
    this.vault = new DatabaseVault(
      this,
      keys ?? (config.vault && keyRing(config.vault)),
      timeouts.statement,
    );
    this.#sink = new LogSink(() => this.#beside({}), this.#journal.logger, jobLog);
    this.#tails = new LogTails(this, this.#listen);
  }

  /** One connection more, which need not be the same user's. */
  #beside(other: Partial<Config["database"]>): Database {
    const pool = { ...this.#config.database.pool, size: 1, queue: 100 };
    const database = { ...this.#config.database, pool, ...other };
    return new Database({ ...this.#config, database }, this.#journal.logger);
  }

  /**
   * Runs one statement, prepared. For SQL that is not in `queries/`.
   *
   * @param text One statement, with `$1`, `$2`… for its parameters.
   * @returns Rows with camelCase fields, and the number of rows found or changed.
   * @throws {ParameterError | ConstraintError | QueryError | ConnectionError | TimeoutError}
   * @example
   * const { rows } = await db.query<{ devices: number }>("select count(*) as devices from devices");
   */
  async query<Row = Record<string, unknown>>(
    text: string,
    values: readonly unknown[] = [],
    options: QueryOptions = {},
  ): Promise<{ rows: Row[]; rowCount: number }> {
    const { timeouts } = this.#config.database;
    const until = options.timeout === undefined ? Infinity : deadline(options.timeout);
    for (let attempt = 0;; attempt++) {
      const wait = until === Infinity ? timeouts.acquire : Math.min(timeouts.acquire, left(until));
      const lent = this.#pool.acquire(options.name ?? "a query", wait, options.signal);
      const connection = lent instanceof Connection ? lent : await lent;
      try {
        const timeout = until === Infinity ? timeouts.statement : left(until);
        const answer = await this.#run(connection, text, values, options, timeout);
        return answer as { rows: Row[]; rowCount: number; command: string };
      } catch (error) {
        // The whole pool may have died, or be out of date; after it comes a new connection.
        if (!runsAgain(error, text, options) || attempt > this.#config.database.pool.size) {
          throw error;
        }
      } finally {
        this.#pool.release(connection);
      }
    }
  }

  /**
   * The rows one by one over a cursor in a read-only transaction, in constant
   * memory. Holds a connection until the loop ends; `timeout` is for each fetch.
   *
   * @throws as `query`, from the loop.
   * @example
   * for await (const row of db.stream<{ hostname: string }>("select hostname from devices")) {
   *   console.log(row.hostname);
   * }
   */
  async *stream<Row = Record<string, unknown>>(
    text: string,
    values: readonly unknown[] = [],
    options: StreamOptions = {},
  ): AsyncIterableIterator<Row> {
    const { name = "stream", signal } = options;
    const { connection, tx } = await this.#begin({ name, readOnly: true, signal }, Infinity);
    try {
      yield* tx.stream<Row>(text, values, options);
    } finally {
      await tx.end();
      await tx.rollback();
      this.#pool.release(connection);
    }
  }

  /**
   * Runs the callback in a transaction: commits when it resolves, rolls back when
   * it rejects. The handle holds one connection and is dead after the end.
   *
   * @param options `timeout` in milliseconds is for the whole transaction.
   * @returns What the callback returns, once the commit is acknowledged.
   * @throws {CommitUnknownError} the connection was lost between `commit` and its answer.
   * @throws what the callback throws; what `query` throws.
   * @example
   * await db.transaction(async (tx) => {
   *   const device = await deviceInsert.one({ hostname: "sw1", ipAddress: "10.0.0.1", deviceType: "arista_eos" }, tx);
   *   await jobInsert.run({ deviceId: device.id }, tx);
   * });
   */
  async transaction<T>(
    callback: (tx: Transaction) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const { retry = 0, timeout = this.#config.database.timeouts.transaction } = options;
    const until = deadline(timeout);
    for (let attempt = 0;; attempt++) {
      try {
        return await this.#attempt(callback, options, until, attempt + 1);
      } catch (error) {
        const again = error instanceof DatabaseError &&
          (RETRYABLE.has(error.sqlState ?? "") || error.code === "STALE_PLAN");
        if (!again || attempt >= retry) throw error;
        const pause = Math.random() * Math.min(10 * 2 ** attempt, 1000);
        if (performance.now() + pause >= until) throw error;
        this.#journal.logger.debug(
          `${options.name ?? "transaction"}: again after SQLSTATE ${error.sqlState}`,
        );
        await sleep(pause, options.signal);
      }
    }
  }

  /**
   * Takes jobs that are due, as many at a time as `concurrency` says, and hands each to the handler:
   * one worker has a job at a time, its end counts once, and it runs at least once. A job is taken as
   * soon as it is queued; its lease is prolonged while the handler runs, without a connection of its
   * own. Ends with `stop`, or as the database closes.
   *
   * @param handler What it returns or throws ends the attempt; see `JobHandler`.
   * @throws {ParameterError} an option is out of range.
   * @example
   * const worker = db.work({ concurrency: 20, lease: 60_000 }, async (job, { signal, log }) => {
   *   log.info("Logging in");
   *   signal.throwIfAborted();
   *   await configSave(db, { deviceId: job.deviceId, text: "hostname example\n" });
   * });
   * await worker.stop();
   */
  work(options: WorkOptions, handler: JobHandler): Worker {
    const { logger } = this.#journal;
    const log = (id: number) => this.jobLog({ id });
    const worker = new Worker({ db: this, listen: this.#listen, logger, log }, options, handler);
    this.#workers.add(worker);
    return worker;
  }

  /**
   * Turns schedules into jobs when they are due, in as many processes as one likes: each run is made
   * once. Ends with `stop`, or as the database closes.
   *
   * @throws {ParameterError} an option is out of range.
   * @example
   * const scheduler = db.schedule({ poll: 1_000 });
   * await scheduler.stop();
   */
  schedule(options: SchedulerOptions = {}): Scheduler {
    const scheduler = new Scheduler(this, this.#journal.logger, options);
    this.#schedulers.add(scheduler);
    return scheduler;
  }

  /**
   * The log of a job, for who works on it without `work`. Lines are gathered and stored in batches over
   * a connection of their own; `connect`'s `jobLog` says how many may wait.
   *
   * @param secrets Never stand in a line: such as the password of the job's credential.
   * @example
   * const log = db.jobLog({ id: 7 }, ["swordfish"]);
   * log.info("Logged in");
   * await log.flush();
   */
  jobLog({ id }: { readonly id: number }, secrets: readonly (string | Secret)[] = []): JobLog {
    return new JobLog(this.#sink, id, secrets);
  }

  /**
   * The lines of a job: those that are there, and then each as it is stored, until the loop is left or
   * the signal aborted.
   *
   * @throws {NotFoundError} there is no such job.
   * @throws as `query`, from the loop.
   * @example
   * for (const { id } of await jobList.run({ statuses: ["running"], limit: 1 }, db)) {
   *   for await (const { level, message } of db.tail(id, { minLevel: "info" })) console.log(level, message);
   * }
   */
  tail(jobId: number, options: TailOptions = {}): AsyncGenerator<JobLogLine, void> {
    return this.#tails.read(jobId, options);
  }

  /**
   * Keeps the logs in shape, as the owner of the tables (DATABASE_MIGRATION_URL): makes the parts of
   * the weeks or months to come, drops those that are too old, and deletes lines that are to go before;
   * the system settings say which. Stops no writer; may run anywhere, as often as one likes.
   *
   * @throws {ConfigError} a setting is wrong, or the role does not own the tables.
   * @throws {QueryError | ConnectionError | TimeoutError}
   * @example
   * const { dropped } = await db.maintain({ dryRun: true });
   * console.log(`${dropped.length} parts are too old`);
   */
  async maintain(options: MaintainOptions = {}): Promise<Maintained> {
    const policy = await logPolicy(this.settings, options.signal);
    await using owner = this.#beside(await this.#config.database.migration());
    return await maintainLogs(owner, policy, options);
  }

  /**
   * Waits until a connection stands, or makes one.
   *
   * @throws {ConnectionError | TimeoutError}
   * @example
   * await db.ready({ timeout: 1000 });
   */
  async ready(options: CallOptions = {}): Promise<void> {
    const until = deadline(options.timeout ?? this.#config.database.timeouts.acquire);
    this.#pool.release(await this.#pool.acquire("ready", left(until), options.signal));
  }

  /**
   * One round trip to the server; the wait for a connection is not part of it.
   *
   * @returns Milliseconds it took.
   * @throws {ConnectionError | TimeoutError}
   * @example
   * console.log(await db.ping());
   */
  async ping(options: CallOptions = {}): Promise<number> {
    const until = deadline(options.timeout ?? Infinity);
    await this.ready(options);
    const started = performance.now();
    const timeout = Math.min(left(until), this.#config.database.timeouts.statement);
    await this.query("select", [], { name: "ping", reads: true, signal: options.signal, timeout });
    return performance.now() - started;
  }

  /**
   * What became of a transaction whose `commit` was not acknowledged.
   *
   * @param id The `transactionId` of a CommitUnknownError.
   * @returns `in progress`: ask again; the server may not have noticed the loss
   *   yet. `forgotten`: so long ago that the server does not know any more.
   * @throws {ParameterError} this is no transaction id.
   * @throws {QueryError} the id is in this server's future.
   * @throws {ConnectionError | TimeoutError}
   * @example
   * const { rows } = await db.query<{ id: string }>("select pg_current_xact_id()::text as id");
   * console.log(await db.transactionStatus(rows[0]!.id)); // "committed"
   */
  async transactionStatus(
    id: string,
    options: CallOptions = {},
  ): Promise<"committed" | "aborted" | "in progress" | "forgotten"> {
    // PostgreSQL 15 reads any text as an id.
    if (!/^[1-9]\d*$/.test(id)) {
      throw new ParameterError("id", "is no transaction id", { query: "TransactionStatus" });
    }
    const { rows } = await this.query<{ status: "committed" | "aborted" | "in progress" | null }>(
      "select pg_xact_status($1::text::xid8) as status",
      [id],
      { ...options, name: "TransactionStatus", reads: true },
    );
    return rows[0]?.status ?? "forgotten";
  }

  /**
   * The pool at this moment, and the queries that took longest since the start.
   *
   * @example
   * const { busy, max, waiting, slowest } = db.stats();
   * console.log(`${busy} of ${max} busy, ${waiting} waiting; slowest: ${slowest[0]?.name}`);
   */
  stats(): DatabaseStats {
    const slowest = this.#journal.slowest();
    return { ...this.#pool.stats(), slowest, jobLog: this.#sink.stats() };
  }

  /**
   * Stops its workers and schedulers, refuses new work, lets end what runs and what waits already, then closes every
   * connection. What has not ended by then rejects with a ConnectionError, reason `closed`.
   *
   * @param options `drain`: milliseconds until that; 5,000 unless told.
   * @example
   * await db.close({ drain: 1000 });
   */
  async close({ drain = 5000 }: CloseOptions = {}): Promise<void> {
    // They need the pool until they have told how their jobs ended; without them it is closed at once.
    const stops = [
      ...[...this.#workers].map((worker) => worker.stop({ grace: drain })),
      ...[...this.#schedulers].map((scheduler) => scheduler.stop()),
    ];
    if (stops.length > 0) await Promise.all(stops);
    await Promise.all([
      this.#pool.close(drain),
      // What was said last is stored, however little time running work is given.
      this.#sink.close(Math.max(drain, FLUSH)),
      this.settings.close(),
      this.#tails.close(),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** On a connection, with a log line. */
  readonly #run = async (
    connection: Connection,
    text: string,
    values: readonly unknown[],
    options: QueryOptions,
    timeout: number,
    simple?: boolean,
  ): Promise<Answer> => {
    const started = performance.now();
    try {
      const answer = await connection.run(text, values, options, timeout, simple);
      this.#journal.query(options.name, performance.now() - started, answer.rowCount, undefined);
      return answer;
    } catch (error) {
      this.#journal.query(options.name, performance.now() - started, undefined, codeOf(error));
      // It was made where the answer arrived; the stack is to lead to the caller.
      if (error instanceof DatabaseError) Error.captureStackTrace?.(error);
      throw error;
    }
  };

  async #attempt<T>(
    callback: (tx: Transaction) => Promise<T>,
    options: TransactionOptions,
    until: number,
    attempt: number,
  ): Promise<T> {
    const { connection, tx } = await this.#begin(options, until);
    const started = performance.now();
    const tell = (outcome: TransactionTrace["outcome"]) => {
      const duration = performance.now() - started;
      this.#journal.transaction({ name: options.name, duration, outcome, attempt });
    };
    try {
      return await runCallback(connection, tx, callback, { until, signal: options.signal, tell });
    } finally {
      this.#pool.release(connection);
    }
  }

  /** A connection, with `begin` sent. Tries another one where one had died unnoticed. */
  async #begin(
    options: TransactionOptions,
    until: number,
  ): Promise<{ connection: Connection; tx: OpenTransaction }> {
    const { acquire, statement } = this.#config.database.timeouts;
    const { vault, settings } = this;
    const limits = { statementTimeout: statement, until, vault, settings };
    const user = `transaction${options.name === undefined ? "" : ` ${options.name}`}`;
    for (let attempt = 0;; attempt++) {
      const wait = Math.min(acquire, left(until));
      const connection = await this.#pool.acquire(user, wait, options.signal, true);
      try {
        return {
          connection,
          tx: await OpenTransaction.begin(connection, this.#run, options, limits),
        };
      } catch (error) {
        if (connection.death === undefined) connection.discard();
        this.#pool.release(connection);
        // Nothing of the caller's has been sent yet.
        const again = error instanceof ConnectionError && error.reason === "lost";
        if (again && attempt <= this.#config.database.pool.size) continue;
        if (error instanceof TimeoutError && performance.now() >= until) {
          throw lateTransaction(false);
        }
        throw error;
      }
    }
  }
}

function deadline(timeout: number): number {
  if (!(timeout > 0)) throw new ParameterError("timeout", "must be milliseconds, more than 0");
  return performance.now() + timeout;
}

/** Whether a statement did not run, and may go again on another connection. */
function runsAgain(error: unknown, text: string, options: QueryOptions): boolean {
  if (!(error instanceof DatabaseError)) return false;
  if (error.code === "STALE_PLAN") return true;
  // A connection that had died unnoticed: the statement never left, and only reads go again.
  return error instanceof ConnectionError && !error.sent && error.reason === "lost" &&
    (options.reads ?? traitsOf(text).reads);
}

/** Ends at an abort, with the signal's own reason. */
async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  await after(milliseconds, undefined, options).catch(() => {
    throw signal?.reason;
  });
}
