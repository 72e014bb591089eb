/**
 * One connection with one user at a time. It is closed, never repaired, at its first
 * connection error, after a deadline and after an abort. The driver writes the statements and
 * decodes the rows; this layer logs in, reads every message first (`protocol.ts`), and holds the
 * session to what it must be after each statement. No other file names the driver.
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import postgres from "postgres";
import { DecodeError, EncodeError } from "./codec.ts";
import { atDeadline } from "../deadline.ts";
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
  driverTypes,
  type Named,
  refusedParameter,
  TypeMismatch,
  untypedParameters,
  writeParameters,
} from "./parameters.ts";
import { type Outcome, ProtocolReader } from "./protocol.ts";
import { refusedValue } from "./refused_value.ts";
import { type RowPlan, rowPlan, RowReader } from "./row_reader.ts";
import { isAsStated } from "./session_settings.ts";
import { type Address, openSocket } from "./socket.ts";
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

/** What a statement gives back. */
export interface Answer {
  readonly rows: unknown[];
  readonly rowCount: number;
  /** The command tag's verb, such as `SELECT` or `COMMIT`. */
  readonly command: string;
}

/** What a statement's messages and its end depend on. */
export interface Run extends Named {
  readonly signal?: AbortSignal | undefined;
}

/** What a connection knows of a statement that it sent. */
interface Statement {
  readonly traits: StatementTraits;
  /** What the server told of it: its name there, its parameters' types, how its rows are read. */
  prepared: Prepared | undefined;
  /** Whether it has been answered: what the server kept of it was right then. */
  proven: boolean;
}

/** A statement that the server keeps. */
interface Prepared {
  readonly name: string;
  readonly types: readonly number[];
  readonly plan: RowPlan | undefined;
}

/** A statement that was sent and not yet answered. */
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
  /** How much had been written before. */
  readonly writes: number;
  /** Whether the server is asked anew for types that it has told before. */
  readonly doubted: boolean;
  /** Who reads its rows; undefined where the driver does, which sends it, too. */
  readonly rows: RowReader | undefined;
  /** What the driver made of it, and what the server said. It is over when both are there. */
  result: DriverResult | undefined;
  failure: unknown;
  outcome: Outcome | undefined;
}

/** A statement on its way, and who reads its rows. */
interface Letter {
  readonly rows: RowReader;
  readonly data: Buffer;
}

/** What the driver resolves with: rows. */
type DriverResult = readonly unknown[];

const NOTHING = () => {};
const NOTHING_GIVEN: readonly never[] = [];
/** A command tag: its words, and how many rows it was, where it says so. */
const TAG = /^([A-Z ]*[A-Z])(?: \d+)*? ?(\d+)?$/;
/** Statements that a connection may leave prepared on the server before it is replaced. */
const MAX_STATEMENTS = 1000;
/** A server that was heard so lately has not ended the session since. */
const JUST_HEARD_MS = 0.2;
const CANCEL_TIMEOUT_MS = 5_000;
const FAREWELL_TIMEOUT_MS = 1_000;
const COPY_REFUSED = "COPY is not supported by query(): give arrays to an insert, or use psql";
const NO_RUN: Run = {};
const PREPARED = { prepare: true, simple: false } as postgres.UnsafeQueryOptions;
/** The server tells the types first, each time. */
const UNNAMED = { prepare: false, simple: false } as postgres.UnsafeQueryOptions;
const SIMPLE = { simple: true } as unknown as postgres.UnsafeQueryOptions;

/**
 * `device_id` and pgtyped's `title?` to `deviceId` and `title`; once per
 * statement, not per row.
 */
export function columnName(column: string): string {
  return column.replace(/[!?]$/, "").replace(
    /_([a-z])/g,
    (_, letter: string) => letter.toUpperCase(),
  );
}

/** One connection. */
export class Connection {
  /** Why it is dead; undefined while it lives. */
  death: DatabaseError | undefined;
  /** Whose it is, and since when (`performance.now()`), for the message of an exhausted pool. */
  user: string | undefined;
  /** Whether it is held by a transaction, which may be between two statements. */
  transaction = false;
  since = 0;
  /** Where the session stood after the last statement. */
  status: TransactionStatus = "idle";
  /** Whether it must not be lent again: a statement left something behind in its session. */
  spoilt = false;
  /** `performance.now()` at its login, and when the server said something last. */
  readonly openedAt: number = performance.now();
  heardAt: number = performance.now();
  /** A number of its own, from 0 to 1. */
  readonly chance: number = Math.random();
  /** Since when the server had said nothing when a deadline came; undefined where it had. */
  silentSince: number | undefined;
  /** Called once, when the connection is gone. The pool's. */
  onDeath: () => void = NOTHING;
  /** Called when what the server keeps of statements is out of date, here and on older connections. */
  onStale: () => void = NOTHING;
  /** As `onDeath`, for the user of the moment, who may be between two statements. */
  onLoss: ((reason: DatabaseError) => void) | undefined;

  readonly #options: ConnectionOptions;
  readonly #parameterBytes: number;
  readonly #key: Session["key"];
  readonly #socket: Socket;
  readonly #driver: DriverSocket;
  readonly #reader: ProtocolReader;
  readonly #sql: postgres.Sql;
  /** What callers wait for. */
  readonly #sent = new Set<Sent>();
  /** What the server owes an answer to, in order. */
  readonly #due: Sent[] = [];
  /** How many of these the driver sent, or is about to. */
  #byDriver = 0;
  /** Statements that are sent as soon as the server has been heard. */
  #outbox: Letter[] = [];
  readonly #statements = new Map<string, Statement>();
  #writes = 0;
  #quietSince = performance.now();
  /** One timer for all statements: it is set anew only for a deadline before its own. */
  #stopTimer: () => void = NOTHING;
  #rings = Infinity;
  readonly #untyped = (value: unknown): unknown => this.#sql.typed(value as never, 0);

  /** @param onNotify Hears notifications; makes it a listener. */
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
    this.#sql = postgres(this.#driverOptions() as unknown as postgres.Options<never>);
    socket.on("data", (chunk: Buffer) => {
      this.heardAt = performance.now();
      this.#reader.feed(chunk);
    });
    socket.on("close", () => this.#die(new ConnectionError("lost", "The connection was lost")));
    if (session.rest.length > 0) this.#reader.feed(session.rest);
    socket.resume();
  }

  /** Lets the driver begin, so that the first statement does not wait for it. */
  async greet(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.onLoss = reject;
      this.#sql.unsafe("", [], SIMPLE).then(() => resolve(), reject);
      if (this.death !== undefined) reject(this.death);
    });
    this.onLoss = undefined;
  }

  /** True when so many different texts were sent that the server should be rid of their plans. */
  get worn(): boolean {
    return this.#statements.size >= MAX_STATEMENTS;
  }

  /** Since when nothing is under way (`performance.now()`); undefined while a statement is. */
  get quietSince(): number | undefined {
    return this.#sent.size === 0 ? this.#quietSince : undefined;
  }

  /**
   * Runs one statement.
   *
   * @param timeout Milliseconds until the connection is abandoned.
   * @param simple Skips the plan: for commands without parameters, such as `begin`.
   * @throws what the server refuses or the values do not allow; how the connection was lost.
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
      // What fits no type of before may fit today's: the server is asked again.
      const doubted = prepared !== undefined && texts === undefined;
      // Behind what the driver may not have written yet, it has to send this, too.
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
   * Sends a statement. Where the server has not just been heard, it is heard first: it may have ended
   * the session, and then the statement never leaves.
   */
  #post(letter: Letter): void {
    if (this.#outbox.length === 0 && performance.now() - this.heardAt < JUST_HEARD_MS) {
      this.#dispatch(letter);
    } else {
      this.#outbox.push(letter);
      if (this.#outbox.length === 1) setImmediate(() => this.#flush());
    }
  }

  /** Sends what waits, before anything else is sent. */
  #flush(): void {
    for (const letter of this.#outbox.splice(0)) this.#dispatch(letter);
  }

  #dispatch({ rows, data }: Letter): void {
    this.#writes++;
    this.#reader.wroteOwn(rows);
    this.#socket.write(data);
  }

  /** Waits for what the driver makes of a statement. */
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
        // Whatever else the driver says leaves the connection in doubt.
        if (!expected) this.discard();
        else if (sent.outcome !== undefined) this.#settle(sent, sent.outcome);
      },
    );
  }

  /** Runs a command that is worth no plan. */
  command(text: string, timeout: number): Promise<Answer> {
    return this.run(text, [], NO_RUN, timeout, true);
  }

  /** Whether the server answers. Where it does not within `timeout` milliseconds, the connection is dead. */
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

  /** Discards the connection, and asks the server to stop what it runs. */
  abandon(reason: DatabaseError): void {
    if (this.death === undefined) this.#cancel().catch(NOTHING);
    this.discard(reason);
  }

  /** Ends an idle connection as the protocol asks. */
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

  /** Lets the process end although this connection is open. */
  unref(): void {
    this.#socket.unref();
  }

  #driverOptions(): object {
    let given = false;
    return {
      host: "driver",
      port: 1,
      user: "driver",
      database: "driver",
      pass: "",
      socket: () => {
        // The driver dials a second time when a connection is lost. Ours are not repaired.
        if (given) throw new Error("The driver asked for a second socket");
        given = true;
        return this.#driver;
      },
      ssl: false,
      sslnegotiation: null,
      max: 1,
      max_pipeline: 100,
      max_lifetime: null,
      idle_timeout: null,
      connect_timeout: 0,
      keep_alive: null,
      backoff: 0,
      prepare: true,
      debug: false,
      fetch_types: false,
      no_subscribe: true,
      publications: "alltables",
      target_session_attrs: null,
      types: driverTypes(this.#parameterBytes),
      transform: { undefined: null, column: { from: columnName } },
      onnotice: NOTHING,
      connection: {},
    };
  }

  #statement(text: string): Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = { traits: traitsOf(text), prepared: undefined, proven: false };
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /** The values by these types; undefined where one does not fit. */
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

  // Sent only when the connection is given up: a cancel cannot hit a later statement
  // of a connection that has none.
  async #cancel(): Promise<void> {
    if (this.#key === undefined) return;
    const { pid, secret } = this.#key;
    const request = new DataView(new ArrayBuffer(16));
    request.setInt32(0, 16);
    request.setInt32(4, 80877102);
    request.setInt32(8, pid);
    request.setInt32(12, secret);
    const { socket } = await openSocket(this.#options, CANCEL_TIMEOUT_MS);
    const timer = setTimeout(() => socket.destroy(), CANCEL_TIMEOUT_MS);
    socket.on("close", () => clearTimeout(timer));
    socket.end(new Uint8Array(request.buffer));
    // The server answers a cancel request by closing.
    socket.resume();
  }

  /** The server has answered; the driver hears of it next. */
  #ready(outcome: Outcome): void {
    this.status = outcome.status;
    const sent = this.#due.shift();
    if (sent === undefined) return;
    sent.outcome = outcome;
    if (sent.rows === undefined) this.#byDriver--;
    // What the driver reads, it has yet to hear.
    if (sent.rows !== undefined || sent.failure !== undefined) this.#settle(sent, outcome);
  }

  /** Tells the caller how the statement ended, and judges what it left behind. */
  #settle(sent: Sent, outcome: Outcome): void {
    const { statement, run } = sent;
    if (statement !== undefined) {
      // One that fitted only when the server was asked anew tells that the types have changed.
      if (sent.doubted) {
        if (outcome.bound) this.#stale();
      } else if (outcome.described !== undefined) {
        const { name, types, columns } = outcome.described;
        statement.prepared = { name, types, plan: columns && rowPlan(columns, columnName) };
      }
    }
    if (isStateful(outcome.tag, statement)) this.spoilt = true;
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
    // The plan of before does not fit the tables of now: the statement did not run.
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
    // The connection keeps the process running while there is something to wait for.
    this.#stopTimer = atDeadline(until, () => this.#rang(), { holds: false });
  }

  #rang(): void {
    // A later deadline has a ring of its own, although it may be over by now.
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

  /** Takes no statement any more, and ends those under way. */
  #close(reason: DatabaseError): void {
    if (this.death !== undefined) return;
    this.death = reason;
    this.#driver.cut();
    this.#stopTimer();
    this.#outbox = [];
    for (const sent of this.#sent) {
      // What was answered before the end is handed over as soon as the driver has it.
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

const STATEFUL_TAGS: ReadonlySet<string> = new Set([
  "DEALLOCATE",
  "DEALLOCATE ALL",
  "DISCARD ALL",
  "DISCARD PLANS",
  "DISCARD SEQUENCES",
  "DISCARD TEMP",
  "LISTEN",
  "LOAD",
  "PREPARE",
  "UNLISTEN",
]);

/** Whether a statement left something behind in its session, by what it says or what the server says. */
function isStateful(tag: string, statement: Statement | undefined): boolean {
  return statement !== undefined && (statement.traits.stateful || STATEFUL_TAGS.has(tag));
}

/**
 * Whether an error from before a statement ran may be about what the server, or a pooler, kept of it:
 * a changed row, a table or column made anew, a type that is gone, a statement that is forgotten.
 */
function isStale({ code, routine }: ServerError): boolean {
  if (code === "0A000") return routine === "RevalidateCachedQuery";
  return code === "26000" || code === "XX000" || (code.startsWith("42") && code !== "42501");
}

function stalePlan(query: string | undefined, sqlState: string): QueryError {
  const of = query === undefined ? "" : ` in ${query}`;
  const message = `A table changed under a prepared statement${of}; run the transaction again`;
  return new QueryError(message, { query, sqlState }, "STALE_PLAN");
}

function controlRefused(control: string, query: string | undefined): QueryError {
  const message =
    `The command "${control}" was not sent: use transaction(), which begins and ends transactions itself`;
  return new QueryError(message, { query }, "TRANSACTION_CONTROL");
}

function transactionLeft(query: string | undefined): QueryError {
  const of = query === undefined ? "A statement" : query;
  const message = `${of} left a transaction open, which was rolled back: use transaction()`;
  return new QueryError(message, { query }, "TRANSACTION_CONTROL");
}
