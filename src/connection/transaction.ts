/**
 * A transaction holds one connection and itself sends `begin` and `commit`. Its handle sends
 * nothing after the connection died or the transaction ended: no statement can run in autocommit
 * mode or in another transaction.
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
import type { QueryOptions, StreamOptions } from "../query.ts";
import type { Core, Session, SettingReader, Transaction, TransactionOptions } from "../session.ts";
import type { Answer, Connection } from "./connection.ts";
import { traitsOf } from "./statement_text.ts";

/** The objects that the handles of a transaction share with its database. */
export interface TransactionContext {
  readonly settingsOf: (tx: Transaction) => SettingReader;
  readonly attached: Session["attached"];
}

/** Runs a statement. `PooledDatabase` adds logging around `Connection.run`. */
export type Runner = (
  connection: Connection,
  text: string,
  values: readonly unknown[],
  options: QueryOptions,
  timeout: number,
  simple?: boolean,
) => Promise<Answer>;

const NOTHING = () => {};
const ROLLBACK_TIMEOUT_MS = 5_000;
const ISOLATION_LEVELS = ["read committed", "repeatable read", "serializable"];

/** The state that the handles of one transaction share. */
interface Work {
  readonly connection: Connection;
  readonly run: Runner;
  /** Milliseconds for a statement that has no timeout of its own. */
  readonly statementTimeout: number;
  /** The transaction's deadline on `performance.now()`. */
  readonly until: number;
  readonly context: TransactionContext;
  /** The end of the last queued statement. Statements run one after another, in call order. */
  tail: Promise<unknown>;
  savepoints: number;
  cursors: number;
  /** The transaction's id, if the server has assigned and reported one. */
  id: string | undefined;
  /** The running query for the id. */
  learning: Promise<void> | undefined;
  /** Whether a statement ran that may have changed data. */
  wrote: boolean;
  /** The error of a statement that ended the transaction, or tried to. Later statements get it too. */
  ended: DatabaseError | undefined;
  /** Whether the transaction is cancelled: no handle sends any statement. */
  cancelled: boolean;
}

/** A transaction that has begun. Callbacks see it as `Transaction`. */
export class OpenTransaction implements Transaction {
  readonly #work: Work;
  #over = false;
  #settings: SettingReader | undefined;
  /** The running savepoint, until it has ended. */
  #savepoint: Promise<unknown> | undefined;
  /** The error of a savepoint that failed after the callback had ended: the callback may have missed it. */
  #lateFailure: { readonly error: unknown } | undefined;
  /** Whether the callback has ended, and `end` waits for its running statements. */
  #ending = false;
  /** The error after which the server refuses all further statements. */
  #failure: DatabaseError | undefined;

  private constructor(work: Work) {
    this.#work = work;
  }

  /** Sends `begin`. */
  static async begin(
    connection: Connection,
    run: Runner,
    { isolation, readOnly, signal }: Omit<TransactionOptions, "name" | "retry" | "timeout">,
    limits: Pick<Work, "statementTimeout" | "until" | "context">,
  ): Promise<OpenTransaction> {
    if (isolation !== undefined && !ISOLATION_LEVELS.includes(isolation)) {
      throw new TypeError(`Unknown isolation level; use one of: ${ISOLATION_LEVELS.join(", ")}`);
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

  get settings(): SettingReader {
    return this.#settings ??= this.#work.context.settingsOf(this);
  }

  attached<T extends object>(make: (core: Core) => T): T {
    return this.#work.context.attached(make);
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
    const savepoint = this.#runSavepoint(callback);
    // The callback may ignore the promise: the end of the transaction reports the failure.
    this.#savepoint = savepoint.then(NOTHING, (error) => {
      if (this.#ending) this.#lateFailure ??= { error };
    }).finally(() => this.#savepoint = undefined);
    return savepoint;
  }

  async #runSavepoint<T>(callback: (tx: Transaction) => Promise<T>): Promise<T> {
    const work = this.#work;
    const savepoint = `netraven_${++work.savepoints}`;
    // Queue behind the statements that were called before the savepoint.
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
        // Release the savepoint too, so that savepoints do not accumulate.
        await this.#command(`rollback to savepoint ${savepoint}`);
        await this.#command(`release savepoint ${savepoint}`);
      }
      throw error;
    }
  }

  /**
   * Waits for a running savepoint, refuses new statements, and waits for the running ones. Callers
   * call it before `commit` or `rollback`.
   */
  async end(): Promise<void> {
    this.#ending = true;
    while (this.#savepoint !== undefined) await this.#savepoint;
    this.#over = true;
    await this.#work.tail;
    await this.#work.learning;
  }

  /** Refuses all further statements of every handle. Callers call it before `rollback`. */
  async cancel(): Promise<void> {
    this.#over = true;
    this.#work.cancelled = true;
    await this.#work.tail;
    await this.#work.learning;
  }

  /**
   * Commits the transaction.
   *
   * @throws {CommitUnknownError} the answer was lost.
   * @throws the error of a failed statement, even if the callback caught it.
   */
  async commit(): Promise<void> {
    if (this.#lateFailure !== undefined) throw this.#lateFailure.error;
    const { connection, id, wrote, ended } = this.#work;
    if (ended !== undefined) throw ended;
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const { command } = await connection.command("commit", this.#commandTimeout());
      if (command === "COMMIT") return;
    } catch (error) {
      const lost = error instanceof ConnectionError || error instanceof TimeoutError;
      if (lost && error.sent && wrote) throw new CommitUnknownError(id);
      throw error;
    }
    const message =
      "The server rolled the transaction back, because one of its statements had failed";
    throw new QueryError(message, { sqlState: "25P02" });
  }

  /** Rolls the transaction back. Never rejects: it discards a connection that cannot roll back. */
  async rollback(): Promise<void> {
    const { connection } = this.#work;
    if (connection.death !== undefined || connection.status === "idle") return;
    await connection.command("rollback", ROLLBACK_TIMEOUT_MS).catch(() => connection.discard());
  }

  /** Sends a command of the layer. */
  #command(text: string): Promise<Answer> {
    if (this.#work.cancelled) throw transactionOver();
    return this.#work.connection.command(text, this.#commandTimeout());
  }

  /** Returns the milliseconds that such a command may take. */
  #commandTimeout(): number {
    return Math.min(left(this.#work.until), this.#work.statementTimeout);
  }

  #check(): void {
    const { connection, ended, cancelled } = this.#work;
    if (this.#over || cancelled) throw transactionOver();
    if (connection.death !== undefined) throw lostTransaction(connection.death);
    if (ended !== undefined) throw ended;
    if (this.#savepoint !== undefined) {
      const message =
        "The transaction is running a savepoint; use the handle of the savepoint's callback";
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
      // `runCallback` enforces the transaction's deadline, with an error of its own kind.
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
      // Statements called before the end still run; statements behind a lost connection do not.
      const { connection, ended, cancelled } = this.#work;
      if (cancelled) throw transactionOver();
      if (connection.death !== undefined) throw lostTransaction(connection.death);
      if (ended !== undefined) throw ended;
      return await task();
    }, () => this.#check());
  }

  /** Runs the task after the tasks that were called before it. */
  #queue<T>(task: () => Promise<T>, check: () => void = NOTHING): Promise<T> {
    const turn = (async () => {
      check();
      await this.#work.tail;
      return await task();
    })();
    // The callback may ignore the promise: `commit` reports the failure, which must not end the process.
    this.#work.tail = turn.then(NOTHING, NOTHING);
    return turn;
  }

  /**
   * Queries the transaction's id behind a running statement, without a further
   * round trip, so that the caller can look up a lost commit.
   */
  #learnId(timeout: number): void {
    const work = this.#work;
    const text = "select pg_current_xact_id_if_assigned()::text as id";
    work.learning = work.connection.run(text, [], {}, timeout).then(({ rows }) => {
      work.id ??= (rows[0] as { id: string | null } | undefined)?.id ?? undefined;
    }, NOTHING);
  }
}

/** Returns the error of a transaction whose connection died before its `commit`. */
export function lostTransaction(death: DatabaseError): DatabaseError {
  // The server ended an idle transaction, and its last message says so.
  if (death instanceof TimeoutError) {
    const message = `${death.message}; the server stored nothing of it`;
    return new TimeoutError(death.kind, message, { sqlState: death.sqlState });
  }
  const message =
    "The connection was lost before the commit; the server stored nothing of the transaction";
  return new ConnectionError(death instanceof ConnectionError ? death.reason : "lost", message);
}

function transactionOver(): DatabaseError {
  const message = "The transaction is over; its handle refuses further statements";
  return new DatabaseError("TRANSACTION_OVER", message);
}

/** Returns the error of a statement that ended its transaction. */
function endedBy(command: string): QueryError {
  const committed = command === "COMMIT" || command === "PREPARE TRANSACTION";
  const fate = committed ? "stored everything" : "stored nothing";
  const message =
    `A statement itself ended the transaction (${command}): the server ${fate} before it, and ` +
    "ran nothing after it";
  return new QueryError(message, {}, "TRANSACTION_CONTROL");
}
