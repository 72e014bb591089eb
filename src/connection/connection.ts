/**
 * One connection with one user at a time. It is closed, never repaired, at its first connection
 * error, after a deadline and after an abort. The driver (`driver.ts`) sends the first run of each
 * statement, and this layer the later ones. This layer reads every message first (`protocol.ts`),
 * and checks the session after each statement (`session_law.ts`).
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { sendCancel } from "./cancel.ts";
import { DecodeError, EncodeError } from "./codec.ts";
import { columnName } from "./column_name.ts";
import { atDeadline } from "../deadline.ts";
import { type Driver, openDriver, PREPARED, SIMPLE, UNNAMED } from "./driver.ts";
import { DriverSocket } from "./driver_socket.ts";
import { ConnectionError, type DatabaseError, QueryError, TimeoutError } from "../errors.ts";
import type { LoginOptions, Session } from "./login.ts";
import {
  executeMessages,
  message,
  type ProtocolError,
  type TransactionStatus,
} from "./messages.ts";
import {
  driverParameters,
  type Named,
  refusedParameter,
  TypeMismatch,
  untypedParameters,
  writeParameters,
} from "./parameters.ts";
import { type Outcome, ProtocolReader } from "./protocol.ts";
import { refusedValue } from "./refused_value.ts";
import { type RowPlan, rowPlan, RowReader } from "./row_reader.ts";
import { controlRefused, isStale, isStateful, stalePlan, transactionLeft } from "./session_law.ts";
import { isAsStated } from "./session_settings.ts";
import type { Address } from "./socket.ts";
import { type ServerError, serverError } from "./sqlstate.ts";
import { type StatementTraits, traitsOf } from "./statement_text.ts";

/** How to connect. The configuration's `database` is one. */
export interface ConnectionOptions extends Address, LoginOptions {
  readonly limits?: {
    /** The most bytes that a parameter may have. */
    readonly parameterBytes: number;
  };
}

/** Hears the notifications of the channels that a connection listens on. */
export type OnNotify = (channel: string, payload: string) => void;

/** The result of a statement. */
export interface Answer {
  readonly rows: unknown[];
  readonly rowCount: number;
  /** The command tag's verb, such as `SELECT` or `COMMIT`. */
  readonly command: string;
}

/** Name, parameter names and signal of one run of a statement. */
export interface Run extends Named {
  readonly signal?: AbortSignal | undefined;
}

/** A statement text that the connection has sent. */
interface Statement {
  readonly traits: StatementTraits;
  /** Its prepared form: the name on the server, the parameters' types, the plan to read its rows. */
  prepared: Prepared | undefined;
  /** Whether a run of it succeeded, so that its prepared form was right. */
  proven: boolean;
}

/** A statement that the server keeps prepared. */
interface Prepared {
  readonly name: string;
  readonly types: readonly number[];
  readonly plan: RowPlan | undefined;
}

/** A statement that is under way. */
interface Sent {
  readonly statement: Statement | undefined;
  readonly values: readonly unknown[];
  readonly run: Run;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  /** `performance.now()` when it was sent, and at its deadline. */
  readonly since: number;
  readonly until: number;
  readonly abort: (() => void) | undefined;
  /** Number of writes to the socket before it. */
  readonly writes: number;
  /** Whether the server describes its types again, because a value fits none of the known ones. */
  readonly doubted: boolean;
  /** Reads its rows; undefined if the driver sends the statement and reads them. */
  readonly rows: RowReader | undefined;
  /** The driver's result and the server's outcome. The statement ends when both have arrived. */
  result: DriverResult | undefined;
  failure: unknown;
  outcome: Outcome | undefined;
}

/** The bytes of a statement, and the reader of its rows. */
interface Letter {
  readonly rows: RowReader;
  readonly data: Buffer;
}

/** Rows, as the driver resolves with them. */
type DriverResult = readonly unknown[];

const NOTHING = () => {};
const NOTHING_GIVEN: readonly never[] = [];
/** A command tag: its words, and the number of rows if it has one. */
const TAG = /^([A-Z ]*[A-Z])(?: \d+)*? ?(\d+)?$/;
/** Maximum statements that a connection keeps prepared before it is replaced. */
const MAX_STATEMENTS = 1000;
/** A server that was heard this recently has not ended the session. */
const JUST_HEARD_MS = 0.2;
const FAREWELL_TIMEOUT_MS = 1_000;
const COPY_REFUSED = "COPY is not supported by query(): give arrays to an insert, or use psql";
const NO_RUN: Run = {};

/** One connection. */
export class Connection {
  /** The reason why it is closed; undefined while it is open. */
  death: DatabaseError | undefined;
  /** The user's name and the time of lending (`performance.now()`), for the message of an exhausted pool. */
  user: string | undefined;
  /** Whether it is held by a transaction, which may be between two statements. */
  transaction = false;
  since = 0;
  /** The transaction status after the last statement. */
  status: TransactionStatus = "idle";
  /** Whether a statement changed the session, so that the connection must not be lent again. */
  spoilt = false;
  /** `performance.now()` at the login, and at the last message of the server. */
  readonly openedAt: number = performance.now();
  heardAt: number = performance.now();
  /** A number of its own, from 0 to 1. */
  readonly chance: number = Math.random();
  /** The start of a silence that ended in a deadline; undefined if the server had answered. */
  silentSince: number | undefined;
  /** Called once, when the connection closes. The pool sets it. */
  onDeath: () => void = NOTHING;
  /** Called when prepared statements are out of date, here and on older connections. */
  onStale: () => void = NOTHING;
  /** Like `onDeath`, for the current user, who may be between two statements. */
  onLoss: ((reason: DatabaseError) => void) | undefined;

  readonly #options: ConnectionOptions;
  readonly #parameterBytes: number;
  readonly #key: Session["key"];
  readonly #socket: Socket;
  readonly #driver: DriverSocket;
  readonly #reader: ProtocolReader;
  readonly #sql: Driver;
  /** Statements that callers wait for. */
  readonly #sent = new Set<Sent>();
  /** Statements without an answer of the server, in order. */
  readonly #due: Sent[] = [];
  /** How many of these the driver sends. */
  #byDriver = 0;
  /** Statements that wait until the socket has been read. */
  #outbox: Letter[] = [];
  readonly #statements = new Map<string, Statement>();
  #writes = 0;
  #quietSince = performance.now();
  /** One timer for all statements: an earlier deadline resets it. */
  #stopTimer: () => void = NOTHING;
  #rings = Infinity;
  readonly #untyped = (value: unknown): unknown => this.#sql.typed(value as never, 0);

  /** @param onNotify Receives notifications. */
  constructor(options: ConnectionOptions, session: Session, onNotify: OnNotify = NOTHING) {
    this.#options = options;
    this.#parameterBytes = options.limits?.parameterBytes ?? Infinity;
    this.#key = session.key;
    const socket = this.#socket = session.socket;
    this.#driver = new DriverSocket(socket, (data) => {
      this.#flush();
      this.#writes++;
      this.#reader.wrote(data);
    });
    this.#reader = new ProtocolReader({
      messages: (data) => this.#driver.emit("data", data),
      ready: (outcome) => this.#ready(outcome),
      farewell: (error) => this.discard(serverError(error, undefined)),
      copy: () => this.abandon(new ConnectionError("protocol", COPY_REFUSED)),
      setting: (name, value) => this.spoilt ||= !isAsStated(name, value),
      notified: onNotify,
      broken: (error) => this.#broken(error),
    });
    this.#sql = openDriver(this.#driver, this.#parameterBytes);
    socket.on("data", (chunk: Buffer) => {
      this.heardAt = performance.now();
      this.#reader.feed(chunk);
    });
    socket.on("close", () => this.#die(new ConnectionError("lost", "The connection was lost")));
    if (session.rest.length > 0) this.#reader.feed(session.rest);
    socket.resume();
  }

  /** Starts the driver, so that the first statement does not wait for it. */
  async greet(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.onLoss = reject;
      this.#sql.unsafe("", [], SIMPLE).then(() => resolve(), reject);
      if (this.death !== undefined) reject(this.death);
    });
    this.onLoss = undefined;
  }

  /** Whether it keeps so many prepared statements that it should be replaced. */
  get worn(): boolean {
    return this.#statements.size >= MAX_STATEMENTS;
  }

  /** `performance.now()` at the end of the last statement; undefined while one is under way. */
  get quietSince(): number | undefined {
    return this.#sent.size === 0 ? this.#quietSince : undefined;
  }

  /**
   * Runs one statement.
   *
   * @param timeout Milliseconds until the connection is abandoned.
   * @param simple Skips the plan: for commands without parameters, such as `begin`.
   * @throws {DatabaseError} the server refused, a value does not fit, or the connection was lost.
   */
  run(
    text: string,
    values: readonly unknown[],
    run: Run,
    timeout: number,
    simple = false,
  ): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const { signal } = run;
      if (this.death !== undefined) return reject(this.#loss(run.name, false));
      if (signal?.aborted) return reject(signal.reason);
      const statement = simple ? undefined : this.#statement(text);
      const control = statement?.traits.control;
      if (control !== undefined) return reject(controlRefused(control, run.name));
      const prepared = statement?.prepared;
      const texts = prepared && this.#write(values, prepared.types, run);
      // A value that does not fit the known types may fit changed ones: the server describes them again.
      const doubted = prepared !== undefined && texts === undefined;
      // The driver may have statements that it has not written yet: then it sends this one after them.
      const rows = texts !== undefined && this.#byDriver === 0
        ? new RowReader(prepared!.plan)
        : undefined;
      const parameters = rows !== undefined
        ? NOTHING_GIVEN
        : texts !== undefined
        ? driverParameters(texts)
        : untypedParameters(values, run, this.#parameterBytes, this.#untyped);
      const since = performance.now();
      const until = since + timeout;
      const abort = signal && (() => this.#abort(signal));
      const sent: Sent = {
        statement,
        values,
        run,
        resolve,
        reject,
        since,
        until,
        abort,
        writes: this.#writes,
        doubted,
        rows,
        result: undefined,
        failure: undefined,
        outcome: undefined,
      };
      if (abort !== undefined) signal?.addEventListener("abort", abort);
      this.#sent.add(sent);
      this.#due.push(sent);
      if (until < this.#rings) this.#ring(until);
      if (rows !== undefined) {
        this.#post({ rows, data: executeMessages(prepared!.name, texts!) });
      } else {
        this.#byDriver++;
        const options = simple ? SIMPLE : doubted ? UNNAMED : PREPARED;
        this.#drive(sent, this.#sql.unsafe(text, parameters as never[], options));
      }
    });
  }

  /**
   * Sends a statement. If the server was not heard just now, the socket is read first: the server may
   * have ended the session, and then the statement is never sent.
   */
  #post(letter: Letter): void {
    if (this.#outbox.length === 0 && performance.now() - this.heardAt < JUST_HEARD_MS) {
      this.#dispatch(letter);
    } else {
      this.#outbox.push(letter);
      if (this.#outbox.length === 1) setImmediate(() => this.#flush());
    }
  }

  /** Sends the waiting statements before anything else. */
  #flush(): void {
    for (const letter of this.#outbox.splice(0)) this.#dispatch(letter);
  }

  #dispatch({ rows, data }: Letter): void {
    this.#writes++;
    this.#reader.wroteOwn(rows);
    this.#socket.write(data);
  }

  /** Waits for the driver's result of a statement. */
  #drive(sent: Sent, driven: PromiseLike<unknown>): void {
    driven.then(
      (result) => {
        sent.result = result as DriverResult;
        if (sent.outcome !== undefined) this.#settle(sent, sent.outcome);
      },
      (error) => {
        sent.failure = error;
        const expected = error instanceof EncodeError || error instanceof DecodeError ||
          sent.outcome?.error !== undefined;
        // Any other error of the driver leaves the connection in an unknown state.
        if (!expected) this.discard();
        else if (sent.outcome !== undefined) this.#settle(sent, sent.outcome);
      },
    );
  }

  /** Runs a command without a plan. */
  command(text: string, timeout: number): Promise<Answer> {
    return this.run(text, [], NO_RUN, timeout, true);
  }

  /** Whether the server answers within `timeout` milliseconds. If not, the connection closes. */
  async answers(timeout: number, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.run("", [], { signal }, timeout, true);
      return true;
    } catch {
      return false;
    }
  }

  /** Ends the connection without a farewell. Safe to call twice. */
  discard(
    reason: DatabaseError = new ConnectionError("closed", "The connection was discarded"),
  ): void {
    this.#die(reason);
    this.#socket.destroy();
  }

  /** Discards the connection, and asks the server to cancel its statement. */
  abandon(reason: DatabaseError): void {
    // After this the connection has no later statement that the request could hit.
    if (this.death === undefined && this.#key !== undefined) {
      sendCancel(this.#key, this.#options).catch(NOTHING);
    }
    this.discard(reason);
  }

  /** Closes an idle connection with the protocol's terminate message. */
  async end(): Promise<void> {
    this.#close(new ConnectionError("closed", "The database is closed"));
    const closed = new Promise<void>((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.once("close", () => resolve());
    });
    const timer = setTimeout(() => this.#socket.destroy(), FAREWELL_TIMEOUT_MS);
    this.#socket.end(message("X", new Uint8Array()));
    await closed;
    clearTimeout(timer);
  }

  /** Lets the process end while this connection is open. */
  unref(): void {
    this.#socket.unref();
  }

  #statement(text: string): Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = { traits: traitsOf(text), prepared: undefined, proven: false };
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /** The values as text by these types; undefined if one does not fit. */
  #write(
    values: readonly unknown[],
    types: readonly number[],
    run: Run,
  ): (string | null)[] | undefined {
    try {
      return writeParameters(values, types, run, this.#parameterBytes);
    } catch (error) {
      if (error instanceof TypeMismatch) return undefined;
      throw error;
    }
  }

  /** Takes the server's answer, before the driver reads it. */
  #ready(outcome: Outcome): void {
    this.status = outcome.status;
    const sent = this.#due.shift();
    if (sent === undefined) return;
    sent.outcome = outcome;
    if (sent.rows === undefined) this.#byDriver--;
    // The driver has not read its answer yet.
    if (sent.rows !== undefined || sent.failure !== undefined) this.#settle(sent, outcome);
  }

  /** Resolves or rejects the caller's promise, and checks the session. */
  #settle(sent: Sent, outcome: Outcome): void {
    const { statement, run } = sent;
    if (statement !== undefined) {
      // The types have changed if the value fits the newly described ones.
      if (sent.doubted) {
        if (outcome.bound) this.#stale();
      } else if (outcome.described !== undefined) {
        const { name, types, columns } = outcome.described;
        statement.prepared = { name, types, plan: columns && rowPlan(columns, columnName) };
      }
    }
    if (isStateful(outcome.tag, statement?.traits)) this.spoilt = true;
    const error = this.#failure(sent, outcome);
    if (statement !== undefined && error === undefined) statement.proven = true;
    if (!this.#forget(sent)) return;
    if (!this.transaction && outcome.status !== "idle") {
      const left = transactionLeft(run.name);
      this.discard(left);
      return sent.reject(left);
    }
    if (error !== undefined) return sent.reject(error);
    // A plain array of the driver's row objects, without the driver's own fields.
    const rows = sent.rows?.rows ?? Array.from(sent.result!);
    const [, command = "", count] = TAG.exec(outcome.tag) ?? [];
    sent.resolve({ rows, rowCount: count === undefined ? rows.length : Number(count), command });
  }

  #failure(sent: Sent, outcome: Outcome): DatabaseError | undefined {
    const { run } = sent;
    const failure = sent.rows === undefined ? sent.failure : sent.rows.failure;
    if (outcome.error !== undefined) return this.#refusal(outcome.error, outcome, sent);
    if (failure instanceof EncodeError) return refusedParameter(failure, run);
    if (failure instanceof DecodeError) return new QueryError(failure.message, { query: run.name });
    return undefined;
  }

  #refusal(error: ServerError, outcome: Outcome, sent: Sent): DatabaseError {
    const { name: query } = sent.run;
    // The prepared form does not fit the changed tables, so the statement did not run.
    if (sent.statement?.proven && !outcome.bound && isStale(error)) {
      this.#stale();
      return stalePlan(query, error.code);
    }
    const refused = refusedValue(error, outcome.bound, sent.values, sent.run);
    if (refused !== undefined) return refused;
    const known = serverError(error, query);
    if (known instanceof ConnectionError) this.discard(known);
    return known;
  }

  #stale(): void {
    this.spoilt = true;
    this.onStale();
  }

  #forget(sent: Sent): boolean {
    if (sent.abort !== undefined) sent.run.signal?.removeEventListener("abort", sent.abort);
    const found = this.#sent.delete(sent);
    if (this.#sent.size === 0) this.#quietSince = performance.now();
    return found;
  }

  #ring(until: number): void {
    this.#stopTimer();
    this.#rings = until;
    // The open socket keeps the process running while a statement is under way.
    this.#stopTimer = atDeadline(until, () => this.#rang(), { holds: false });
  }

  #rang(): void {
    // A later deadline gets a timer of its own, although it may have passed by now.
    const over = this.#rings;
    this.#rings = Infinity;
    let next = Infinity;
    for (const { until, since } of this.#sent) {
      next = Math.min(next, until);
      if (until <= over && this.heardAt < since) this.silentSince = since;
    }
    if (next <= over) this.abandon(new TimeoutError("statement", "No answer before the deadline"));
    else if (next < Infinity) this.#ring(next);
  }

  #abort(signal: AbortSignal): void {
    for (const sent of this.#sent) {
      if (sent.run.signal === signal && this.#forget(sent)) sent.reject(signal.reason);
    }
    this.abandon(new ConnectionError("closed", "The connection was discarded after an abort"));
  }

  #broken(error: ProtocolError): void {
    this.discard(new ConnectionError("protocol", `The server ${error.message}`));
  }

  #die(reason: DatabaseError): void {
    if (this.death !== undefined) return;
    this.#close(reason);
    this.onDeath();
    this.onLoss?.(reason);
  }

  /** Refuses new statements, and ends those under way. */
  #close(reason: DatabaseError): void {
    if (this.death !== undefined) return;
    this.death = reason;
    this.#driver.cut();
    this.#stopTimer();
    this.#outbox = [];
    for (const sent of this.#sent) {
      // A statement that was answered in time resolves as soon as the driver has its rows.
      if (sent.outcome === undefined) this.#lose(sent);
      else setImmediate(() => this.#lose(sent));
    }
  }

  #lose(sent: Sent): void {
    if (this.#forget(sent)) sent.reject(this.#loss(sent.run.name, this.#writes > sent.writes));
  }

  #loss(query: string | undefined, sent: boolean): DatabaseError {
    const context = { query, sent };
    const death = this.death;
    const what = `${death?.message ?? "The connection was lost"}${
      query === undefined ? "" : ` (${query})`
    }`;
    if (death instanceof TimeoutError) return new TimeoutError(death.kind, what, context);
    return new ConnectionError(
      death instanceof ConnectionError ? death.reason : "lost",
      what,
      context,
    );
  }
}
