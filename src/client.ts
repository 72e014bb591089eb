/** `connect`, and the `Database` that it returns. */
import { type Config, type ConfigOptions, loadConfig } from "./config/load.ts";
import { PooledDatabase } from "./connection/database.ts";
import { Listener } from "./connection/listener.ts";
import type { PoolStats } from "./connection/pool.ts";
import { ConnectionError, ParameterError } from "./errors.ts";
import type { CallOptions, QueryOptions, StreamOptions } from "./query.ts";
import type {
  Attachment,
  Core,
  DatabaseSession,
  JobLogOptions,
  Transaction,
  TransactionOptions,
} from "./session.ts";
import { Settings } from "./settings/settings.ts";
import { Journal, type QueryStats } from "./telemetry/journal.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { KeyProvider } from "./vault/vault.ts";

/** Options of `connect`. They override the configuration. */
export interface ConnectOptions extends ConfigOptions, CallOptions {
  /** Receives log lines. Defaults to `console`. */
  readonly logger?: Logger | undefined;
  /** Provides the keys that seal and open secrets. Defaults to the configured key ring. */
  readonly keys?: KeyProvider | undefined;
  /** Limits of the buffer for job log lines. */
  readonly jobLog?: JobLogOptions | undefined;
}

/** Options of `close`. */
export interface CloseOptions {
  /** Maximum milliseconds to wait for running work. Defaults to 5,000. */
  readonly drain?: number | undefined;
}

/** The current state of the pool, and the slowest queries. */
export interface DatabaseStats extends PoolStats {
  /** At most ten queries, sorted by their slowest call. */
  readonly slowest: readonly QueryStats[];
}

/**
 * Opens a pool and its first connection. If keys are configured, it compares them with the
 * database and logs every problem; then only functions that need the keys fail.
 *
 * With `url`, or with DATABASE_URL in the environment, it needs no file; otherwise it reads the URL
 * from `config/environments/<NETRAVEN_ENV>.yaml`.
 *
 * @param options Override the configuration.
 * @throws {ConfigError} the configuration is invalid.
 * @throws {ConnectionError | TimeoutError} the server is unreachable or refuses the connection.
 * @example
 * await using db = await connect();
 * const { rows } = await db.query("select 1 as one");
 */
export async function connect(options: ConnectOptions = {}): Promise<Database> {
  const { logger = console, keys, jobLog, signal, timeout, ...rest } = options;
  checkJobLog(jobLog);
  const config = await loadConfig(rest);
  const db = new Database(config, logger, keys, jobLog);
  try {
    await db.ready({ signal, timeout });
    if (keys !== undefined || config.vault !== undefined) {
      // Most programs need no keys and do not load this module.
      const { warnOfKeys } = await import("./credentials/key_states.ts");
      await warnOfKeys(db, { signal, timeout: timeout ?? config.database.timeouts.connect });
    }
  } catch (error) {
    await db.close({ drain: 0 });
    throw error;
  }
  return db;
}

/** Refuses invalid options at once: a job may log its first line hours later. */
function checkJobLog({ bytes, full, delay }: JobLogOptions = {}): void {
  if (bytes !== undefined && !(bytes >= 1_000)) {
    throw new ParameterError("bytes", "must be at least 1,000");
  }
  if (full !== undefined && full !== "drop" && full !== "block") {
    throw new ParameterError("full", 'must be "drop" or "block"');
  }
  if (delay !== undefined && !(delay >= 0 && delay < 2 ** 31)) {
    throw new ParameterError("delay", "must be a number of milliseconds from 0");
  }
}

/** A pool of connections, with the system settings. `connect` creates it. */
export class Database implements DatabaseSession {
  /** The system settings, cached. */
  readonly settings: Settings;
  readonly #pooled: PooledDatabase;
  readonly #journal: Journal;
  readonly #core: Core;
  readonly #attachments = new Map<(core: Core) => object, Attachment>();
  #closed = false;

  constructor(config: Config, logger: Logger, keys?: KeyProvider, jobLog?: JobLogOptions) {
    this.#journal = new Journal(logger, config.logging);
    const context = {
      settingsOf: (tx: Transaction) => this.settings.within(tx),
      attached: <T extends object>(make: (core: Core) => T) => this.attached(make),
    };
    const { database } = config;
    const open = (other: Partial<Config["database"]> = {}) =>
      new PooledDatabase({ ...database, ...other }, this.#journal, context);
    this.#pooled = open();
    const listen = this.#pooled.open.bind(this.#pooled, database.timeouts.connect);
    this.settings = new Settings(this, {
      defaults: config.settings,
      override: (key) => config.settingOverride(key),
      listen,
      logger: this.#journal.logger,
    });
    this.#core = {
      db: this,
      config,
      logger: this.#journal.logger,
      keys,
      jobLog,
      listener: (channel, { heard, listens }) =>
        new Listener(channel, listen, { heard, listens: () => (listens(), true) }),
      beside: (other) => open({ ...other, pool: { ...database.pool, size: 1, queue: 100 } }),
    };
  }

  /**
   * Runs one prepared statement. Use it for SQL that is not in `queries/`.
   *
   * @param text One statement, with `$1`, `$2`… for its parameters.
   * @returns The rows, with camelCase fields, and the number of rows found or changed.
   * @throws {ParameterError | ConstraintError | QueryError | ConnectionError | TimeoutError}
   * @example
   * const { rows } = await db.query<{ devices: number }>("select count(*) as devices from devices");
   */
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<{ rows: Row[]; rowCount: number }> {
    return this.#pooled.query<Row>(text, values, options);
  }

  /**
   * Streams the rows over a cursor in a read-only transaction, in constant memory. The loop holds
   * a connection until it ends; `timeout` applies to each fetch.
   *
   * @throws the errors of `query`, from the loop.
   * @example
   * for await (const row of db.stream<{ hostname: string }>("select hostname from devices")) {
   *   console.log(row.hostname);
   * }
   */
  stream<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: StreamOptions,
  ): AsyncIterableIterator<Row> {
    return this.#pooled.stream<Row>(text, values, options);
  }

  /**
   * Runs the callback in a transaction: commits when the callback resolves, rolls back when it
   * rejects. The handle holds one connection and refuses statements after the end.
   *
   * @param options `timeout` limits the whole transaction, in milliseconds.
   * @returns The callback's result, after the server has acknowledged the commit.
   * @throws {CommitUnknownError} the connection was lost between `commit` and the server's answer.
   * @throws the callback's error, and the errors of `query`.
   * @example
   * await db.transaction(async (tx) => {
   *   const device = await deviceInsert.one({ hostname: "sw1", ipAddress: "10.0.0.1", deviceType: "arista_eos" }, tx);
   *   await jobInsert.run({ deviceId: device.id }, tx);
   * });
   */
  transaction<T>(
    callback: (tx: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    return this.#pooled.transaction(callback, options);
  }

  /**
   * Waits for an open connection, and opens one if the pool has none.
   *
   * @throws {ConnectionError | TimeoutError}
   * @example
   * await db.ready({ timeout: 1000 });
   */
  ready(options?: CallOptions): Promise<void> {
    return this.#pooled.ready(options);
  }

  /**
   * Measures one round trip to the server, without the wait for a connection.
   *
   * @returns The round trip in milliseconds.
   * @throws {ConnectionError | TimeoutError}
   * @example
   * console.log(await db.ping());
   */
  ping(options?: CallOptions): Promise<number> {
    return this.#pooled.ping(options);
  }

  /**
   * Returns the current state of the pool, and the slowest queries since the start.
   *
   * @example
   * const { busy, max, waiting, slowest } = db.stats();
   * console.log(`${busy} of ${max} busy, ${waiting} waiting; slowest: ${slowest[0]?.name}`);
   */
  stats(): DatabaseStats {
    return { ...this.#pooled.stats(), slowest: this.#journal.slowest() };
  }

  attached<T extends object>(make: (core: Core) => T): T {
    const known = this.#attachments.get(make);
    if (known !== undefined) return known as T;
    if (this.#closed) throw new ConnectionError("closed", "The database is closed");
    const made = make(this.#core);
    this.#attachments.set(make, made as Attachment);
    return made;
  }

  /**
   * Stops the database's workers and schedulers, refuses new work, waits for running and waiting
   * calls, then closes every connection. A call that has not ended by then rejects with a
   * ConnectionError of reason `closed`.
   *
   * @param options `drain`: maximum milliseconds to wait. Defaults to 5,000.
   * @example
   * await db.close({ drain: 1000 });
   */
  async close({ drain = 5_000 }: CloseOptions = {}): Promise<void> {
    // Workers need the pool until they have stored the outcomes of their jobs. Without any, skip the await.
    const stopped = new Set<Attachment>();
    for (;;) {
      // A handler that is still running may have attached something new.
      const fresh = [...this.#attachments.values()].filter((made) => !stopped.has(made));
      for (const made of fresh) stopped.add(made);
      const stops = fresh.flatMap((made) => made.stop?.(drain) ?? []);
      if (stops.length === 0) break;
      await Promise.all(stops);
    }
    this.#closed = true;
    await Promise.all([
      this.#pooled.close({ drain }),
      this.settings.close(),
      ...[...this.#attachments.values()].map((made) => made.close?.(drain)),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
