/** Runs statements and transactions over a pool of connections, with deadlines and retries. */
import { setTimeout as after } from "node:timers/promises";
import type { Config } from "../config/load.ts";
import { left } from "../deadline.ts";
import { ConnectionError, DatabaseError, ParameterError, TimeoutError } from "../errors.ts";
import type { CallOptions, QueryOptions, StreamOptions } from "../query.ts";
import type { BesideConnection, Transaction, TransactionOptions } from "../session.ts";
import type { Journal } from "../telemetry/journal.ts";
import { codeOf, type TransactionTrace } from "../telemetry/trace.ts";
import { type Answer, Connection, type OnNotify } from "./connection.ts";
import { openConnection } from "./open_connection.ts";
import { ConnectionPool, type PoolStats } from "./pool.ts";
import { traitsOf } from "./statement_text.ts";
import { OpenTransaction, type TransactionContext } from "./transaction.ts";
import { lateTransaction, runCallback } from "./transaction_callback.ts";

const RETRYABLE: ReadonlySet<string> = new Set(["40001", "40P01"]);
const FIRST_RETRY_MS = 10;
const MAX_RETRY_MS = 1_000;

/** Runs statements, streams and transactions over one pool. */
export class PooledDatabase implements BesideConnection {
  readonly #config: Config["database"];
  readonly #journal: Journal;
  readonly #context: TransactionContext;
  readonly #pool: ConnectionPool;

  /** @param context The objects that transactions share with the database. */
  constructor(config: Config["database"], journal: Journal, context: TransactionContext) {
    this.#config = config;
    this.#journal = journal;
    this.#context = context;
    this.#pool = new ConnectionPool((timeout) => this.open(timeout), config.pool);
  }

  /** Opens a connection outside the pool. */
  open(timeout: number, onNotify?: OnNotify): Promise<Connection> {
    return openConnection(
      this.#config,
      Math.min(timeout, this.#config.timeouts.connect),
      onNotify,
    );
  }

  async query<Row = Record<string, unknown>>(
    text: string,
    values: readonly unknown[] = [],
    options: QueryOptions = {},
  ): Promise<{ rows: Row[]; rowCount: number }> {
    const { timeouts } = this.#config;
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
        // Every connection of the pool may be dead or stale; the attempt after them opens a new one.
        if (!runsAgain(error, text, options) || attempt > this.#config.pool.size) throw error;
      } finally {
        this.#pool.release(connection);
      }
    }
  }

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

  async transaction<T>(
    callback: (tx: Transaction) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const { retry = 0, timeout = this.#config.timeouts.transaction } = options;
    const until = deadline(timeout);
    for (let attempt = 0;; attempt++) {
      try {
        return await this.#attempt(callback, options, until, attempt + 1);
      } catch (error) {
        const again = error instanceof DatabaseError &&
          (RETRYABLE.has(error.sqlState ?? "") || error.code === "STALE_PLAN");
        if (!again || attempt >= retry) throw error;
        const pause = Math.random() * Math.min(FIRST_RETRY_MS * 2 ** attempt, MAX_RETRY_MS);
        if (performance.now() + pause >= until) throw error;
        this.#journal.logger.debug(
          `${options.name ?? "transaction"}: retrying after SQLSTATE ${error.sqlState}`,
        );
        await sleep(pause, options.signal);
      }
    }
  }

  async ready(options: CallOptions = {}): Promise<void> {
    const until = deadline(options.timeout ?? this.#config.timeouts.acquire);
    this.#pool.release(await this.#pool.acquire("ready", left(until), options.signal));
  }

  /** Returns the milliseconds of one round trip, without the wait for a connection. */
  async ping(options: CallOptions = {}): Promise<number> {
    const until = deadline(options.timeout ?? Infinity);
    await this.ready(options);
    const started = performance.now();
    const timeout = Math.min(left(until), this.#config.timeouts.statement);
    await this.query("select", [], { name: "ping", reads: true, signal: options.signal, timeout });
    return performance.now() - started;
  }

  stats(): PoolStats {
    return this.#pool.stats();
  }

  async close({ drain = 0 }: { drain?: number } = {}): Promise<void> {
    await this.#pool.close(drain);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Runs a statement on a connection, with a log line. */
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
      // The error was created where the answer arrived; its stack must lead to the caller.
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
    const report = (outcome: TransactionTrace["outcome"]) => {
      const duration = performance.now() - started;
      this.#journal.transaction({ name: options.name, duration, outcome, attempt });
    };
    try {
      return await runCallback(connection, tx, callback, { until, signal: options.signal, report });
    } finally {
      this.#pool.release(connection);
    }
  }

  /** Acquires a connection and sends `begin`. Tries another connection if the first was already dead. */
  async #begin(
    options: TransactionOptions,
    until: number,
  ): Promise<{ connection: Connection; tx: OpenTransaction }> {
    const { acquire, statement } = this.#config.timeouts;
    const limits = { statementTimeout: statement, until, context: this.#context };
    const user = `transaction${options.name === undefined ? "" : ` ${options.name}`}`;
    for (let attempt = 0;; attempt++) {
      const wait = Math.min(acquire, left(until));
      const connection = await this.#pool.acquire(user, wait, options.signal, true);
      try {
        const tx = await OpenTransaction.begin(connection, this.#run, options, limits);
        return { connection, tx };
      } catch (error) {
        if (connection.death === undefined) connection.discard();
        this.#pool.release(connection);
        // Nothing of the caller's has been sent yet.
        const again = error instanceof ConnectionError && error.reason === "lost";
        if (again && attempt <= this.#config.pool.size) continue;
        if (error instanceof TimeoutError && performance.now() >= until) {
          throw lateTransaction(false);
        }
        throw error;
      }
    }
  }
}

function deadline(timeout: number): number {
  if (!(timeout > 0)) {
    throw new ParameterError("timeout", "must be a number of milliseconds greater than 0");
  }
  return performance.now() + timeout;
}

/** Whether a statement did not run and can be retried on another connection. */
function runsAgain(error: unknown, text: string, options: QueryOptions): boolean {
  if (!(error instanceof DatabaseError)) return false;
  if (error.code === "STALE_PLAN") return true;
  // The connection was already dead, so the statement was never sent. Only reads are retried.
  return error instanceof ConnectionError && !error.sent && error.reason === "lost" &&
    (options.reads ?? traitsOf(text).reads);
}

/** Sleeps, and rejects with the signal's reason at an abort. */
async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  await after(milliseconds, undefined, options).catch(() => {
    throw signal?.reason;
  });
}
