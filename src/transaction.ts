/**
 * A transaction holds one slot and sends `begin` and `commit` itself. Its handle
 * refuses, before anything is sent, whatever comes after the slot died or the
 * transaction ended: nothing of it can run in autocommit or in a stranger's.
 */
import {
  CommitUnknownError,
  ConnectionError,
  DatabaseError,
  ParameterError,
  QueryError,
  TimeoutError,
} from "./errors.ts";
import type { DatabaseVault } from "./key_states.ts";
import type { CallOptions, Queryable, QueryOptions, StreamOptions } from "./query.ts";
import type { Settings } from "./settings.ts";
import type { Answer, Slot } from "./slot.ts";

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

/** What runs a statement; the client adds logging around `Slot.run`. */
export type Runner = (
  slot: Slot,
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
  readonly slot: Slot;
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
}

/** A transaction that has begun. The client's; callbacks see `Transaction`. */
export class OpenTransaction implements Transaction {
  readonly #work: Work;
  #over = false;
  #settings: Pick<Settings, "get"> | undefined;
  #child: OpenTransaction | undefined;
  /** The statement that made the server refuse all that follow. */
  #failure: DatabaseError | undefined;

  private constructor(work: Work) {
    this.#work = work;
  }

  /** Sends `begin`. */
  static async begin(
    slot: Slot,
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
    await slot.run(begin, [], { signal }, timeout, true);
    return new OpenTransaction({
      slot,
      run,
      ...limits,
      tail: Promise.resolve(),
      savepoints: 0,
      cursors: 0,
      id: undefined,
      learning: undefined,
      wrote: false,
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
      if (open && !this.#over && this.#failure === undefined && !this.#work.slot.death) {
        await this.query(`close ${cursor}`, [], { reads: true }).catch(NOTHING);
      }
    }
  }

  async transaction<T>(callback: (tx: Transaction) => Promise<T>): Promise<T> {
    const work = this.#work;
    const savepoint = `netraven_${++work.savepoints}`;
    await this.#inTurn(() => work.slot.command(`savepoint ${savepoint}`, this.#patience()));
    this.#check();
    const child = this.#child = new OpenTransaction(work);
    try {
      const result = await callback(child);
      await child.end();
      if (child.#failure !== undefined) throw child.#failure;
      await work.slot.command(`release savepoint ${savepoint}`, this.#patience());
      return result;
    } catch (error) {
      await child.end();
      if (work.slot.death === undefined) {
        // Undone and forgotten, so that savepoints do not pile up.
        const undo = `rollback to savepoint ${savepoint}`;
        await work.slot.command(undo, this.#patience());
        await work.slot.command(`release savepoint ${savepoint}`, this.#patience());
      }
      throw error;
    } finally {
      this.#child = undefined;
    }
  }

  /** Refuses new statements, and waits for those under way. Comes before `commit` and `rollback`. */
  async end(): Promise<void> {
    this.#over = true;
    if (this.#child !== undefined) await this.#child.end();
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
    if (this.#failure !== undefined) throw this.#failure;
    const { slot, id, wrote } = this.#work;
    try {
      const { command } = await slot.command("commit", this.#patience());
      if (command === "COMMIT") return;
    } catch (error) {
      const lost = error instanceof ConnectionError || error instanceof TimeoutError;
      if (lost && error.sent && wrote) throw new CommitUnknownError(id);
      throw error;
    }
    const message = "The transaction was rolled back: a statement in it had failed";
    throw new QueryError(message, { sqlState: "25P02" });
  }

  /** Ends it as if it had not been. Never rejects: a slot that cannot roll back is discarded. */
  async rollback(): Promise<void> {
    const { slot } = this.#work;
    if (slot.death !== undefined) return;
    await slot.command("rollback", ROLLBACK_TIMEOUT).catch(() => slot.discard());
  }

  /** Milliseconds for a command of the transaction's own. */
  #patience(): number {
    return Math.min(left(this.#work.until), this.#work.statementTimeout);
  }

  #check(): void {
    const { slot } = this.#work;
    if (this.#over) {
      const message = "The transaction is over; its handle was used after its end";
      throw new DatabaseError("TRANSACTION_OVER", message);
    }
    if (slot.death !== undefined) throw lostTransaction(slot.death);
    if (this.#child !== undefined) {
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
      const running = work.run(work.slot, text, values, options, timeout, simple);
      if (options.reads !== true) {
        work.wrote = true;
        if (work.id === undefined) this.#learnId(timeout);
      }
      try {
        return await running;
      } catch (error) {
        if (error instanceof DatabaseError && error.sqlState !== undefined) this.#failure ??= error;
        throw error;
      }
    });
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = (async () => {
      this.#check();
      await this.#work.tail;
      // What was called before the end still runs; what waits behind a death does not.
      if (this.#work.slot.death !== undefined) this.#check();
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
    work.learning = work.slot.run(text, [], {}, timeout).then(({ rows }) => {
      work.id ??= (rows[0] as { id: string | null }).id ?? undefined;
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

function left(until: number): number {
  return Math.max(1, until - performance.now());
}
