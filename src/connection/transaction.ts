/**
 * A transaction holds one connection and sends `begin` and `commit` itself. Its handle
 * refuses, before anything is sent, whatever comes after the connection died or the
 * transaction ended: nothing of it can run in autocommit or in a stranger's.
 */
import {
  CommitUnknownError,
  ConnectionError,
  DatabaseError,
  ParameterError,
  QueryError,
  TimeoutError,
} from "../errors.ts";
import { left } from "../deadline.ts";
import type { DatabaseVault } from "../vault/key_states.ts";
import type { CallOptions, Queryable, QueryOptions, StreamOptions } from "../query.ts";
import type { Settings } from "../settings/settings.ts";
import type { Answer, Connection } from "./connection.ts";
import { traitsOf } from "./statement_text.ts";

/** How a transaction begins. */
export interface TransactionOptions extends CallOptions {
  /** For traces, and for the message of an exhausted pool, such as `ConfigSave`. */
  readonly name?: string | undefined;
  readonly isolation?: "read committed" | "repeatable read" | "serializable" | undefined;
  readonly readOnly?: boolean | undefined;
  /**
   * How often the whole callback may run again after a serialization failure, a
   * deadlock or a changed plan. 0 unless told: only the caller knows whether
   * the callback may run twice.
   */
  readonly retry?: number | undefined;
}

/** The handle a transaction's callback is given. */
export interface Transaction extends Queryable {
  /** The database's. */
  readonly vault: DatabaseVault;
  /** The system settings, as the transaction sees them where the database's cache does not know. */
  readonly settings: Pick<Settings, "get">;
  /**
   * Runs a part that can fail by itself: a savepoint. When the callback rejects,
   * what it did is undone, and the transaction may go on.
   */
  transaction<T>(callback: (tx: Transaction) => Promise<T>): Promise<T>;
}

/** What runs a statement; the client adds logging around `Connection.run`. */
export type Runner = (
  connection: Connection,
  text: string,
  values: readonly unknown[],
  options: QueryOptions,
  timeout: number,
  simple?: boolean,
) => Promise<Answer>;

const NOTHING = () => {};
const ROLLBACK_TIMEOUT = 5000;
const LEVELS = ["read committed", "repeatable read", "serializable"];

/** Everything the handles of one transaction share. */
interface Work {
  readonly connection: Connection;
  readonly run: Runner;
  /** Milliseconds for a statement that has no timeout of its own. */
  readonly statementTimeout: number;
  /** `performance.now()` at the transaction's deadline. */
  readonly until: number;
  readonly vault: DatabaseVault;
  readonly settings: Settings;
  /** Statements run one after another, in the order they were called. */
  tail: Promise<unknown>;
  savepoints: number;
  cursors: number;
  /** The transaction's id, once the server has given it one. */
  id: string | undefined;
  /** The question for the id that is under way. */
  learning: Promise<void> | undefined;
  /** True when a statement ran that may have changed something. */
  wrote: boolean;
  /** Why nothing more runs in it: a statement ended it, or tried to. */
  ended: DatabaseError | undefined;
  /** True once it is given up: no handle sends anything any more. */
  cancelled: boolean;
}

/** A transaction that has begun. The client's; callbacks see `Transaction`. */
export class OpenTransaction implements Transaction {
  readonly #work: Work;
  #over = false;
  #settings: Pick<Settings, "get"> | undefined;
  /** The part that is under way, until it has ended. */
  #part: Promise<unknown> | undefined;
  /** The error of a part that failed after the callback had ended: nobody else may have heard of it. */
  #lateFailure: { readonly error: unknown } | undefined;
  /** Whether the callback has ended, and what it left under way is waited for. */
  #ending = false;
  /** The statement that made the server refuse all that follow. */
  #failure: DatabaseError | undefined;

  private constructor(work: Work) {
    this.#work = work;
  }

  /** Sends `begin`. */
  static async begin(
    connection: Connection,
    run: Runner,
    { isolation, readOnly, signal }: Omit<TransactionOptions, "name" | "retry" | "timeout">,
    limits: Pick<Work, "statementTimeout" | "until" | "vault" | "settings">,
  ): Promise<OpenTransaction> {
    if (isolation !== undefined && !LEVELS.includes(isolation)) {
      throw new TypeError(`Unknown isolation level; use one of: ${LEVELS.join(", ")}`);
    }
    const level = isolation === undefined ? "" : ` isolation level ${isolation}`;
    const begin = `begin${level}${readOnly ? " read only" : ""}`;
    const timeout = Math.min(left(limits.until), limits.statementTimeout);
    await connection.run(begin, [], { signal }, timeout, true);
    return new OpenTransaction({
      connection,
      run,
      ...limits,
      tail: Promise.resolve(),
      savepoints: 0,
      cursors: 0,
      id: undefined,
      learning: undefined,
      wrote: false,
      ended: undefined,
      cancelled: false,
    });
  }

  get vault(): DatabaseVault {
    return this.#work.vault;
  }

  get settings(): Pick<Settings, "get"> {
    return this.#settings ??= this.#work.settings.within(this);
  }

  query<Row>(
    text: string,
    values: readonly unknown[] = [],
    options: QueryOptions = {},
  ): Promise<{ rows: Row[]; rowCount: number }> {
    return this.#statement(text, values, options) as Promise<{ rows: Row[]; rowCount: number }>;
  }

  async *stream<Row>(
    text: string,
    values: readonly unknown[] = [],
    options: StreamOptions = {},
  ): AsyncIterableIterator<Row> {
    const { batch = 500, ...rest } = options;
    if (!Number.isInteger(batch) || batch < 1) {
      throw new ParameterError("batch", "must be an integer from 1", { query: options.name });
    }
    const cursor = `netraven_cursor_${++this.#work.cursors}`;
    const fetch = { ...rest, reads: true };
    let open = false;
    try {
      await this.query(`declare ${cursor} no scroll cursor for ${text}`, values, fetch);
      open = true;
      for (;;) {
        // Without a plan: the driver would keep the columns of the first cursor of this name.
        const { rows } = await this.#statement(`fetch ${batch} from ${cursor}`, [], fetch, true);
        yield* rows as Row[];
        if (rows.length < batch) return;
      }
    } finally {
      // After a failure the cursor is gone with the transaction.
      if (open && !this.#over && this.#failure === undefined && !this.#work.connection.death) {
        await this.query(`close ${cursor}`, [], { reads: true }).catch(NOTHING);
      }
    }
  }

  transaction<T>(callback: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      this.#check();
    } catch (error) {
      return Promise.reject(error);
    }
    const part = this.#runPart(callback);
    // Nobody may be listening: the failure comes to light at the end.
    this.#part = part.then(NOTHING, (error) => {
      if (this.#ending) this.#lateFailure ??= { error };
    }).finally(() => this.#part = undefined);
    return part;
  }

  async #runPart<T>(callback: (tx: Transaction) => Promise<T>): Promise<T> {
    const work = this.#work;
    const savepoint = `netraven_${++work.savepoints}`;
    // Behind the statements that were called before the part.
    await this.#queue(() => this.#command(`savepoint ${savepoint}`));
    const child = new OpenTransaction(work);
    try {
      const result = await callback(child);
      await child.end();
      if (child.#lateFailure !== undefined) throw child.#lateFailure.error;
      if (child.#failure !== undefined) throw child.#failure;
      if (work.ended !== undefined) throw work.ended;
      await this.#command(`release savepoint ${savepoint}`);
      return result;
    } catch (error) {
      await child.end();
      const gone = work.cancelled || work.connection.death !== undefined ||
        work.connection.status === "idle";
      if (!gone) {
        // Undone and forgotten, so that savepoints do not pile up.
        await this.#command(`rollback to savepoint ${savepoint}`);
        await this.#command(`release savepoint ${savepoint}`);
      }
      throw error;
    }
  }

  /**
   * Waits for the part that nobody awaited, refuses new statements, and waits for those under way.
   * Comes before `commit` and `rollback`.
   */
  async end(): Promise<void> {
    this.#ending = true;
    while (this.#part !== undefined) await this.#part;
    this.#over = true;
    await this.#work.tail;
    await this.#work.learning;
  }

  /** Refuses whatever any handle of it would send from now on. Comes before `rollback`. */
  async cancel(): Promise<void> {
    this.#over = true;
    this.#work.cancelled = true;
    await this.#work.tail;
    await this.#work.learning;
  }

  /**
   * Ends it as done.
   *
   * @throws {CommitUnknownError} the answer was lost.
   * @throws the error of a statement that failed, though the callback hid it.
   */
  async commit(): Promise<void> {
    if (this.#lateFailure !== undefined) throw this.#lateFailure.error;
    const { connection, id, wrote, ended } = this.#work;
    if (ended !== undefined) throw ended;
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const { command } = await connection.command("commit", this.#patience());
      if (command === "COMMIT") return;
    } catch (error) {
      const lost = error instanceof ConnectionError || error instanceof TimeoutError;
      if (lost && error.sent && wrote) throw new CommitUnknownError(id);
      throw error;
    }
    const message = "The transaction was rolled back: a statement in it had failed";
    throw new QueryError(message, { sqlState: "25P02" });
  }

  /** Ends it as if it had not been. Never rejects: a connection that cannot roll back is discarded. */
  async rollback(): Promise<void> {
    const { connection } = this.#work;
    if (connection.death !== undefined || connection.status === "idle") return;
    await connection.command("rollback", ROLLBACK_TIMEOUT).catch(() => connection.discard());
  }

  /** A command of the transaction's own. */
  #command(text: string): Promise<Answer> {
    if (this.#work.cancelled) throw transactionOver();
    return this.#work.connection.command(text, this.#patience());
  }

  /** Milliseconds for it. */
  #patience(): number {
    return Math.min(left(this.#work.until), this.#work.statementTimeout);
  }

  #check(): void {
    const { connection, ended, cancelled } = this.#work;
    if (this.#over || cancelled) throw transactionOver();
    if (connection.death !== undefined) throw lostTransaction(connection.death);
    if (ended !== undefined) throw ended;
    if (this.#part !== undefined) {
      const message = "The transaction has a part under way; use the handle its callback was given";
      throw new DatabaseError("TRANSACTION_NESTED", message);
    }
  }

  #statement(
    text: string,
    values: readonly unknown[],
    options: QueryOptions,
    simple = false,
  ): Promise<Answer> {
    return this.#inTurn(async () => {
      const work = this.#work;
      const own = options.timeout ?? work.statementTimeout;
      // The transaction's deadline is kept by whoever began it, and says so by its name.
      const timeout = own < left(work.until) ? own : Infinity;
      const running = work.run(work.connection, text, values, options, timeout, simple);
      if (!(options.reads ?? traitsOf(text).reads)) {
        work.wrote = true;
        if (work.id === undefined) this.#learnId(timeout);
      }
      try {
        const answer = await running;
        if (work.connection.status === "idle" || answer.command === "COMMIT") {
          work.connection.spoilt = true;
          throw endedBy(answer.command);
        }
        return answer;
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        if (error.code === "TRANSACTION_CONTROL") work.ended ??= error;
        else if (error.sqlState !== undefined) this.#failure ??= error;
        throw error;
      }
    });
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue(async () => {
      // What was called before the end still runs; what waits behind a death does not.
      const { connection, ended, cancelled } = this.#work;
      if (cancelled) throw transactionOver();
      if (connection.death !== undefined) throw lostTransaction(connection.death);
      if (ended !== undefined) throw ended;
      return await task();
    }, () => this.#check());
  }

  /** Runs the task behind those that were called before it. */
  #queue<T>(task: () => Promise<T>, check: () => void = NOTHING): Promise<T> {
    const turn = (async () => {
      check();
      await this.#work.tail;
      return await task();
    })();
    // Nobody may be listening: the failure comes to light at commit, and must not end the process.
    this.#work.tail = turn.then(NOTHING, NOTHING);
    return turn;
  }

  /**
   * Asks for the transaction's id behind a statement that is under way, at no
   * round trip of its own, so that a lost commit can be looked up.
   */
  #learnId(timeout: number): void {
    const work = this.#work;
    const text = "select pg_current_xact_id_if_assigned()::text as id";
    work.learning = work.connection.run(text, [], {}, timeout).then(({ rows }) => {
      work.id ??= (rows[0] as { id: string | null } | undefined)?.id ?? undefined;
    }, NOTHING);
  }
}

/** What is said of a transaction whose connection died before its `commit`. */
export function lostTransaction(death: DatabaseError): DatabaseError {
  // The server ended it for being idle, and its farewell says so.
  if (death instanceof TimeoutError) {
    const message = `${death.message}; nothing of it was stored`;
    return new TimeoutError(death.kind, message, { sqlState: death.sqlState });
  }
  const message = "The transaction was lost with its connection; nothing of it was stored";
  return new ConnectionError(death instanceof ConnectionError ? death.reason : "lost", message);
}

function transactionOver(): DatabaseError {
  const message = "The transaction is over; its handle was used after its end";
  return new DatabaseError("TRANSACTION_OVER", message);
}

/** What is said when a statement ended the transaction that it ran in. */
function endedBy(command: string): QueryError {
  const committed = command === "COMMIT" || command === "PREPARE TRANSACTION";
  const fate = committed ? "all before it was stored" : "nothing before it was stored";
  const message = `A statement ended the transaction by itself (${command}): ${fate}, and ` +
    "nothing after it ran";
  return new QueryError(message, {}, "TRANSACTION_CONTROL");
}
