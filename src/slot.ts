/**
 * A slot: one connection with one user at a time, thrown away, never repaired,
 * at its first connection error, after a deadline and after an abort. Each slot
 * is a `postgres()` of its own over a socket that this layer dialled: the driver
 * speaks the protocol and never reconnects by itself. No other file names it.
 */
import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import postgres from "postgres";
import { DecodeError, EncodeError } from "./codec.ts";
import {
  ConnectionError,
  type DatabaseError,
  ParameterError,
  QueryError,
  TimeoutError,
} from "./errors.ts";
import { LoginGuard } from "./login_guard.ts";
import { driverTypes, type Named, refusedParameter, writeParameters } from "./parameters.ts";
import { type Address, type Dialled, openSocket } from "./socket.ts";
import { isServerError, type ServerError, serverError } from "./sqlstate.ts";
import { formatTarget } from "./url.ts";

/** How a slot connects, and what it takes. The configuration's `database` is one. */
export interface SlotOptions extends Address {
  /** Whether a server that nothing vouches for may have the password itself. */
  readonly allowCleartextPassword?: boolean;
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

/** A statement that was sent and not yet answered. */
interface Sent {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  /** `performance.now()` at its deadline. */
  readonly until: number;
  readonly signal: AbortSignal | undefined;
  readonly abort: (() => void) | undefined;
}

/** What the driver resolves with: an array of rows, with these. */
interface DriverResult extends Array<unknown> {
  readonly count: number | null;
  readonly command: string;
  readonly state: { pid: number; secret: number };
  readonly statement: { readonly types?: readonly number[] | null } | null;
}

const NOTHING = () => {};
const ERROR_RESPONSE = 0x45;
/** Statements that a connection may leave prepared on the server before it is replaced. */
const MAX_STATEMENTS = 1000;
const NO_RUN: Run = {};
const PREPARED = { prepare: true, simple: false } as postgres.UnsafeQueryOptions;
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
export class Slot {
  /** Why it is dead; undefined while it lives. */
  death: DatabaseError | undefined;
  /** Whose it is, and since when (`performance.now()`), for the message of an exhausted pool. */
  user: string | undefined;
  /** Whether it is held by a transaction, which may be between two statements. */
  transaction = false;
  since = 0;
  /** Called once, when the connection is gone. The pool's. */
  onDeath: () => void = NOTHING;
  /** The same for the user of the moment, who may be between two statements. */
  onLoss: ((reason: DatabaseError) => void) | undefined;

  readonly #options: SlotOptions;
  readonly #parameterBytes: number;
  readonly #socket: Socket;
  readonly #sql: postgres.Sql;
  readonly #sent = new Set<Sent>();
  /** The parameter types of every statement that was sent, by its text. */
  readonly #types = new Map<string, readonly number[]>();
  /** What the server said last. */
  #heard: Uint8Array | undefined;
  #writes = 0;
  #quietSince = 0;
  #writesWhenIdle = -1;
  /** One timer for all statements: it is set anew only for a deadline before its own. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rings = Infinity;
  #backend: { pid: number; secret: number } | undefined;
  readonly #untyped = (value: unknown): unknown => this.#sql.typed(value as never, 0);

  /**
   * Nobody is logged in yet: `openSlot` makes a slot that can be used.
   *
   * @param onNotify Makes it a listener.
   */
  constructor(
    options: SlotOptions,
    { socket, trusted }: Dialled,
    onNotify?: OnNotify,
  ) {
    this.#options = options;
    this.#parameterBytes = options.limits?.parameterBytes ?? Infinity;
    this.#socket = socket;
    this.#guardLogin(trusted);
    const write = socket.write as (chunk: unknown, done?: unknown) => boolean;
    socket.write = (chunk: unknown, done?: unknown) => {
      this.#writes++;
      return write.call(socket, chunk, done);
    };
    // An error that answers nothing is the server's farewell. Its close follows later;
    // a statement that was called in between must not be written. A listener hears other
    // things unasked, in pieces that may begin with any byte, and has a heartbeat.
    if (onNotify === undefined) {
      socket.on("data", (chunk: Uint8Array) => {
        this.#heard = chunk;
        const unasked = this.#writes === this.#writesWhenIdle;
        if (chunk[0] === ERROR_RESPONSE && unasked) this.discard(this.#farewell());
      });
    }
    socket.on("close", () => {
      // The driver takes all listeners away when it sees the close; an error
      // that comes later must still find one, or it would end the process.
      queueMicrotask(() => socket.on("error", NOTHING));
      this.#die(this.#farewell());
    });
    const { target } = options;
    let dialled = false;
    const driver = {
      host: "slot",
      port: target.port,
      user: target.user,
      database: target.database,
      // The driver hears what the guard has refused, and may wait for this as long as it likes.
      pass: () => this.death === undefined ? target.password() : new Promise(NOTHING),
      socket: () => {
        // The driver dials a second time when a connection is lost. Ours are not repaired.
        if (dialled) throw new Error("A slot has one connection");
        dialled = true;
        return socket;
      },
      ssl: false,
      sslnegotiation: null,
      max: 1,
      max_pipeline: 100,
      max_lifetime: null,
      idle_timeout: null,
      // The login has a deadline of its own. The driver's timer outlives a socket that closes early.
      connect_timeout: 0,
      keep_alive: 60,
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
      onnotify: onNotify,
      connection: {
        application_name: target.applicationName ?? "netraven-db",
        // Times come as UTC text whatever the database's zone; `codec.ts` relies on it.
        TimeZone: "UTC",
        DateStyle: "ISO",
      },
    };
    this.#sql = postgres(driver as unknown as postgres.Options<Record<string, never>>);
  }

  /** True when so many different texts were sent that the server should be rid of their plans. */
  get worn(): boolean {
    return this.#types.size >= MAX_STATEMENTS;
  }

  /** Since when nothing is under way (`performance.now()`); undefined while a statement is. */
  get quietSince(): number | undefined {
    return this.#sent.size === 0 ? this.#quietSince : undefined;
  }

  /** How much was written so far; `explain` compares it. */
  get writes(): number {
    return this.#writes;
  }

  /**
   * Sends one statement. Rejects with what the driver says, for `explain`.
   *
   * @param timeout Milliseconds until the slot is abandoned.
   * @param simple Skips the plan: for commands without parameters, such as `begin`.
   */
  send(
    text: string,
    values: readonly unknown[],
    run: Run,
    timeout: number,
    simple = false,
  ): Promise<Answer> {
    const { signal } = run;
    return new Promise<Answer>((resolve, reject) => {
      if (this.death !== undefined) return reject(this.death);
      if (signal?.aborted) return reject(signal.reason);
      const parameters = writeParameters(
        values,
        this.#types.get(text),
        run,
        this.#parameterBytes,
        this.#untyped,
      );
      const abort = signal === undefined ? undefined : () => this.#abort(signal);
      signal?.addEventListener("abort", abort as () => void);
      const sent: Sent = { resolve, reject, until: performance.now() + timeout, signal, abort };
      this.#sent.add(sent);
      if (sent.until < this.#rings) this.#ring(sent.until);
      this.#sql.unsafe(text, parameters as never[], simple ? SIMPLE : PREPARED).then(
        (result) => this.#answered(sent, text, result as unknown as DriverResult),
        (error) => {
          this.#learn(text, error?.types);
          if (this.#forget(sent)) reject(error);
        },
      );
    });
  }

  /** What `send` rejected with, as an error of this layer. `before`: `writes` before sending. */
  explain(error: unknown, run: Run, before: number): unknown {
    const { name: query, signal } = run;
    if (isServerError(error)) return this.#refusal(error, query);
    if (error instanceof ParameterError) return error;
    if (error instanceof EncodeError) return refusedParameter(error, run);
    if (error instanceof DecodeError) return new QueryError(error.message, { query });
    // An abort gives the signal's own reason, as everywhere on the platform.
    if (signal?.aborted && error === signal.reason) return error;
    // Whatever else the driver says leaves the connection in doubt.
    if (this.death === undefined) this.discard(this.#farewell());
    return this.#loss(query, this.#writes > before);
  }

  /** `send` and `explain` in one. */
  async run(
    text: string,
    values: readonly unknown[],
    run: Run,
    timeout: number,
    simple = false,
  ): Promise<Answer> {
    const before = this.#writes;
    try {
      return await this.send(text, values, run, timeout, simple);
    } catch (error) {
      throw this.explain(error, run, before);
    }
  }

  /** Runs a command that is worth no plan. */
  command(text: string, timeout: number): Promise<Answer> {
    return this.run(text, [], NO_RUN, timeout, true);
  }

  /** Ends the connection without a farewell. Safe to call twice. */
  discard(
    reason: DatabaseError = new ConnectionError("closed", "The connection was discarded"),
  ): void {
    this.#die(reason);
    this.#socket.destroy();
  }

  /** Discards the slot, and asks the server to stop what it runs. */
  abandon(reason: DatabaseError): void {
    if (this.death === undefined) this.#cancel().catch(NOTHING);
    this.discard(reason);
  }

  /** Ends an idle connection as the protocol asks. */
  async end(): Promise<void> {
    this.death ??= new ConnectionError("closed", "The database is closed");
    const closed = new Promise<void>((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.once("close", () => resolve());
    });
    const timer = setTimeout(() => this.#socket.destroy(), 1000);
    this.#sql.end({ timeout: 1 }).catch(NOTHING);
    await closed;
    clearTimeout(timer);
  }

  /** Lets the process end although this connection is open. */
  unref(): void {
    this.#socket.unref();
  }

  /**
   * Why the server ended the session, if it said so, such as that it was idle for too long. The driver
   * keeps a fatal error to itself: it waits for the end of an answer, which never comes.
   */
  #farewell(): DatabaseError {
    const text = new TextDecoder().decode(this.#heard?.subarray(-1_024));
    const [, severity, code] = /\0V(FATAL|PANIC)\0C([0-9A-Z]{5})\0/.exec(text) ?? [];
    if (code === undefined) return new ConnectionError("lost", "The connection was lost");
    return serverError({ code, severity: severity! }, undefined);
  }

  #guardLogin(trusted: boolean): void {
    const guard = new LoginGuard(trusted || this.#options.allowCleartextPassword === true);
    const read = (chunk: Uint8Array) => {
      const refusal = guard.read(chunk);
      if (guard.over) this.#socket.off("data", read);
      if (refusal === undefined) return;
      const message = `Cannot connect to ${formatTarget(this.#options.target)}: ${refusal.problem}`;
      this.discard(new ConnectionError(refusal.reason, message));
    };
    this.#socket.on("data", read);
  }

  // Sent only when the slot is given up: a cancel cannot hit a later statement
  // of a connection that has none.
  async #cancel(): Promise<void> {
    if (this.#backend === undefined) return;
    const { pid, secret } = this.#backend;
    const request = new DataView(new ArrayBuffer(16));
    request.setInt32(0, 16);
    request.setInt32(4, 80877102);
    request.setInt32(8, pid);
    request.setInt32(12, secret);
    const { socket } = await openSocket(this.#options, 5000);
    const timer = setTimeout(() => socket.destroy(), 5000);
    socket.on("close", () => clearTimeout(timer));
    socket.end(new Uint8Array(request.buffer));
    // The server answers a cancel request by closing.
    socket.resume();
  }

  #answered(sent: Sent, text: string, result: DriverResult): void {
    if (!Array.isArray(result)) {
      // `copy` gives a stream, which nothing here reads.
      return this.abandon(new ConnectionError("protocol", "COPY is not supported"));
    }
    this.#learn(text, result.statement?.types);
    if (!this.#forget(sent)) return;
    this.#backend ??= result.state;
    // A plain array of the driver's row objects, without the driver's own fields.
    const rows: unknown[] = [];
    for (let i = 0; i < result.length; i++) rows.push(result[i]);
    sent.resolve({ rows, rowCount: result.count ?? rows.length, command: result.command });
  }

  #forget(sent: Sent): boolean {
    if (sent.abort !== undefined) sent.signal?.removeEventListener("abort", sent.abort);
    const found = this.#sent.delete(sent);
    if (this.#sent.size === 0) {
      this.#writesWhenIdle = this.#writes;
      this.#quietSince = performance.now();
    }
    return found;
  }

  #ring(until: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#rings = until;
    // Beyond a timer's reach is as good as never.
    const delay = until - performance.now();
    if (delay > 2_147_483_647) return;
    this.#timer = setTimeout(() => this.#rang(), Math.max(1, Math.ceil(delay)));
    // The connection keeps the process running while there is something to wait for.
    this.#timer.unref();
  }

  #rang(): void {
    this.#rings = Infinity;
    const now = performance.now();
    let next = Infinity;
    for (const { until } of this.#sent) next = Math.min(next, until);
    if (next <= now) this.abandon(new TimeoutError("statement", "No answer before the deadline"));
    else if (next < Infinity) this.#ring(next);
  }

  #abort(signal: AbortSignal): void {
    for (const sent of this.#sent) {
      if (sent.signal === signal && this.#forget(sent)) sent.reject(signal.reason);
    }
    this.abandon(new ConnectionError("closed", "The connection was discarded after an abort"));
  }

  #learn(text: string, types: readonly number[] | null | undefined): void {
    if (types && !this.#types.has(text)) this.#types.set(text, types);
  }

  #die(reason: DatabaseError): void {
    if (this.death !== undefined) return;
    this.death = reason;
    clearTimeout(this.#timer);
    for (const sent of this.#sent) {
      this.#forget(sent);
      sent.reject(reason);
    }
    this.onDeath();
    this.onLoss?.(reason);
  }

  #refusal(error: ServerError, query: string | undefined): DatabaseError {
    const known = serverError(error, query);
    if (known instanceof ConnectionError || error.severity !== "ERROR") this.discard();
    return known;
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
