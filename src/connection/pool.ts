/**
 * The pool of connections. It serves callers in the order of their arrival; each
 * connection has one user at a time. Every wait ends: with a connection, at its
 * deadline, by its signal, or with the reason why no connection can be opened.
 */
import { atDeadline, left } from "../deadline.ts";
import { ConnectionError, type DatabaseError, TimeoutError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { type AcquireTrace, codeOf, type ConnectionTrace, traces } from "../telemetry/trace.ts";

/** Limits of the pool. */
export interface PoolLimits {
  /** Maximum connections. */
  readonly size: number;
  /** Maximum callers that wait for a connection. The pool refuses further callers at once. */
  readonly queue: number;
  /** Idle milliseconds after which the pool closes a connection. */
  readonly idleTimeout: number;
  /** Maximum age of a connection in milliseconds, reduced at random by up to a tenth. */
  readonly maxLifetime: number;
}

/** The current state of the pool. */
export interface PoolStats {
  /** Maximum connections. */
  readonly max: number;
  /** Open connections. */
  readonly size: number;
  readonly idle: number;
  readonly busy: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  /** Connections discarded since the start. */
  readonly discarded: number;
  /**
   * Age of the oldest open transaction in milliseconds; undefined if none is open. Until it ends, the
   * server cannot vacuum rows deleted since, and claiming jobs gets slower.
   */
  readonly oldestTransaction: number | undefined;
}

interface Waiter {
  resolve(connection: Connection): void;
  reject(error: unknown): void;
  /** Arrival and deadline of the waiter on `performance.now()`. */
  readonly since: number;
  readonly until: number;
}

// A server restarts within seconds; more frequent attempts only add load.
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1_000;
/** The pool checks a connection that was silent for longer before it lends the connection. */
const CHECK_AFTER_MS = 500;
/** Maximum time of such a check, and its share of the caller's timeout: a quarter. */
const CHECK_TIMEOUT_MS = 1_000;
const CHECK_TIMEOUT_DIVISOR = 4;

/** Temporary reasons, after which the pool retries. It reports other reasons at once. */
const TEMPORARY: ReadonlySet<string> = new Set([
  "refused",
  "lost",
  "unreachable",
  "starting_up",
  "too_many_connections",
]);

export class ConnectionPool {
  readonly #open: (timeout: number) => Promise<Connection>;
  readonly #limits: PoolLimits;
  readonly #idle: Connection[] = [];
  readonly #busy = new Set<Connection>();
  readonly #waiting = new Set<Waiter>(); // a Set keeps the order of arrival
  /** Connections that are closing in an orderly way. */
  readonly #retiring = new Set<Promise<void>>();
  #opening = 0;
  #discarded = 0;
  /** The pool replaces connections that were opened before this `performance.now()`. */
  #retiredBefore = -Infinity;
  /** The pool checks connections that were silent since this `performance.now()` before it lends them. */
  #checkBefore = -Infinity;
  /** Cancels the timer of the next sweep. */
  #stopSweep: (() => void) | undefined;
  /** The end of the first `close`; undefined before it. */
  #closing: Promise<void> | undefined;
  /** Continues `close` when nobody uses or waits for a connection. */
  #drained: (() => void) | undefined;

  constructor(open: (timeout: number) => Promise<Connection>, limits: PoolLimits) {
    this.#open = open;
    this.#limits = limits;
  }

  stats(): PoolStats {
    const began = [...this.#busy].filter(({ transaction }) => transaction).map(({ since }) =>
      since
    );
    return {
      max: this.#limits.size,
      size: this.#idle.length + this.#busy.size,
      idle: this.#idle.length,
      busy: this.#busy.size,
      waiting: this.#waiting.size,
      discarded: this.#discarded,
      oldestTransaction: began.length === 0
        ? undefined
        : Math.round(performance.now() - Math.min(...began)),
    };
  }

  /**
   * Lends the caller a connection until `release`. Returns no promise if a checked connection is
   * idle.
   *
   * @param user The name of the query or transaction.
   * @param timeout Milliseconds.
   * @throws {TimeoutError} kind `acquire`: all connections are in use.
   * @throws {ConnectionError} no connection can be opened.
   */
  acquire(
    user: string,
    timeout: number,
    signal: AbortSignal | undefined,
    transaction = false,
  ): Connection | Promise<Connection> {
    if (this.#closing !== undefined) throw closed();
    const connection = this.#idle.pop();
    if (connection !== undefined) {
      const now = performance.now();
      if (connection.heardAt < now - CHECK_AFTER_MS || connection.heardAt < this.#checkBefore) {
        return this.#check(connection, user, now + timeout, signal, transaction);
      }
      if (traces.acquire.hasSubscribers) {
        publishAcquire({ name: user, duration: 0, error: undefined });
      }
      return this.#lend(connection, user, transaction);
    }
    if (this.#waiting.size >= this.#limits.queue) {
      const message = `The queue for connections is full and refuses ${user}`;
      throw new TimeoutError("acquire", `${message}: ${this.#usage()}`);
    }
    return this.#wait(user, timeout, signal, transaction);
  }

  /** Takes a connection back. The pool replaces a dead connection when a caller needs one. */
  release(connection: Connection): void {
    if (!this.#busy.delete(connection)) return;
    if (connection.death === undefined && this.#mustRetire(connection)) this.#retire(connection);
    if (connection.death === undefined) this.#offer(connection);
    else this.#grow();
    this.#drain();
  }

  /**
   * Refuses new work, waits at most `drain` milliseconds for running and waiting
   * callers, then rejects the rest. Resolves when every connection is closed.
   */
  close(drain: number): Promise<void> {
    return this.#closing ??= this.#close(drain);
  }

  /**
   * Lends the connection after the server has answered on it. A firewall may have silently dropped the
   * connection, and with it other silent connections.
   */
  async #check(
    first: Connection,
    user: string,
    until: number,
    signal: AbortSignal | undefined,
    transaction: boolean,
  ): Promise<Connection> {
    const began = performance.now();
    for (
      let connection: Connection | undefined = first;
      connection !== undefined;
      connection = this.#idle.pop()
    ) {
      this.#lend(connection, user, transaction);
      const asked = performance.now();
      const timeout = Math.min(CHECK_TIMEOUT_MS, left(until) / CHECK_TIMEOUT_DIVISOR);
      if (await connection.answers(timeout, signal) && !signal?.aborted) {
        if (traces.acquire.hasSubscribers) {
          publishAcquire({ name: user, duration: performance.now() - began, error: undefined });
        }
        return connection;
      }
      if (connection.death instanceof TimeoutError) {
        for (const other of [...this.#idle]) if (other.heardAt < asked) other.discard();
      }
      this.release(connection);
      signal?.throwIfAborted();
    }
    return await this.#wait(user, left(until), signal, transaction);
  }

  /** Whether the pool must replace the connection instead of lending it again. */
  #mustRetire(connection: Connection): boolean {
    return connection.spoilt || connection.worn || connection.openedAt < this.#retiredBefore ||
      performance.now() >= this.#endOf(connection);
  }

  /** Returns the end of a connection's life on `performance.now()`. Chance spreads the ends. */
  #endOf({ openedAt, chance }: Connection): number {
    return openedAt + this.#limits.maxLifetime * (1 - chance / 10);
  }

  /** Replaces all current connections: tables have changed under their prepared statements. */
  #retireAll(): void {
    this.#retiredBefore = performance.now();
    for (const connection of this.#idle.splice(0)) this.#retire(connection);
  }

  /** Closes connections that were idle or open for too long, and schedules the next sweep. */
  #sweep(): void {
    this.#stopSweep = undefined;
    const now = performance.now();
    let next = Infinity;
    for (const connection of [...this.#idle]) {
      const end = Math.min(this.#endOf(connection), connection.heardAt + this.#limits.idleTimeout);
      if (end > now) next = Math.min(next, end);
      else {
        this.#idle.splice(this.#idle.indexOf(connection), 1);
        this.#retire(connection);
      }
    }
    if (next < Infinity) this.#sweepAt(next);
  }

  #sweepAt(until: number): void {
    this.#stopSweep = atDeadline(until, () => this.#sweep(), { holds: false });
  }

  async #close(drain: number): Promise<void> {
    this.#stopSweep?.();
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
      timer = setTimeout(resolve, drain);
      // `close` must first set `#closing`, which refuses new work.
      queueMicrotask(() => this.#drain());
    });
    clearTimeout(timer);
    for (const waiter of [...this.#waiting]) waiter.reject(closed());
    for (const connection of this.#busy) connection.abandon(closed());
    for (const connection of this.#idle.splice(0)) this.#retire(connection);
    await Promise.all(this.#retiring);
  }

  #drain(): void {
    if (this.#busy.size === 0 && this.#waiting.size === 0) this.#drained?.();
  }

  #retire(connection: Connection): void {
    publishConnection({ event: "closed", reason: undefined });
    const end = connection.end().finally(() => this.#retiring.delete(end));
    this.#retiring.add(end);
  }

  #wait(
    user: string,
    timeout: number,
    signal: AbortSignal | undefined,
    transaction: boolean,
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const started = performance.now();
      const finish = (error?: unknown) => {
        this.#waiting.delete(waiter);
        stopWaiting();
        signal?.removeEventListener("abort", abort);
        if (traces.acquire.hasSubscribers) {
          const duration = performance.now() - started;
          publishAcquire({ name: user, duration, error: codeOf(error) });
        }
      };
      const waiter: Waiter = {
        since: started,
        until: started + timeout,
        resolve: (connection) => {
          finish();
          resolve(this.#lend(connection, user, transaction));
        },
        reject: (error) => {
          finish(error);
          reject(error);
          this.#drain();
        },
      };
      const abort = () => waiter.reject(signal?.reason);
      const stopWaiting = atDeadline(waiter.until, () => {
        const usage = this.#usage();
        const message = `No connection became available for ${user} within ${
          Math.round(timeout)
        } ms: ${usage}`;
        waiter.reject(this.#lastFailure ?? new TimeoutError("acquire", message));
      });
      signal?.addEventListener("abort", abort);
      this.#waiting.add(waiter);
      this.#grow();
    });
  }

  /** The error of the last attempt to connect, while the pool retries. */
  #lastFailure: DatabaseError | undefined;

  /** Opens connections if callers wait and the pool may grow. */
  #grow(): void {
    const room = this.#limits.size - this.#idle.length - this.#busy.size - this.#opening;
    const need = this.#waiting.size - this.#opening;
    for (let i = Math.min(room, need); i > 0; i--) void this.#add();
  }

  async #add(): Promise<void> {
    this.#opening++;
    try {
      for (
        let pause = FIRST_RETRY_MS;
        this.#waiting.size > 0;
        pause = Math.min(pause * 2, MAX_RETRY_MS)
      ) {
        const began = performance.now();
        try {
          const connection = await this.#open(Math.max(1, this.#latest() - performance.now()));
          this.#lastFailure = undefined;
          this.#adopt(connection);
          return;
        } catch (error) {
          this.#lastFailure = error as DatabaseError;
          const temporary = error instanceof ConnectionError && TEMPORARY.has(error.reason);
          // Live connections will serve the waiters, and waiters who arrived after this attempt
          // began get an attempt of their own.
          if (!temporary && this.#idle.length + this.#busy.size === 0) {
            for (const waiter of [...this.#waiting]) {
              if (waiter.since <= began) waiter.reject(error);
            }
            if (this.#waiting.size === 0) return;
          }
          await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random() / 2)));
        }
      }
    } finally {
      this.#opening--;
      this.#grow();
    }
  }

  #adopt(connection: Connection): void {
    publishConnection({ event: "opened", reason: undefined });
    connection.onDeath = () => {
      this.#discarded++;
      publishConnection({ event: "discarded", reason: reasonOf(connection.death) });
      this.#checkBefore = Math.max(this.#checkBefore, connection.silentSince ?? -Infinity);
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
      this.#grow();
    };
    connection.onStale = () => this.#retireAll();
    this.#offer(connection);
  }

  #offer(connection: Connection): void {
    const [first] = this.#waiting;
    if (first !== undefined) first.resolve(connection);
    else if (this.#closing !== undefined) this.#retire(connection);
    else {
      this.#idle.push(connection);
      if (this.#stopSweep === undefined) {
        const { idleTimeout, maxLifetime } = this.#limits;
        this.#sweepAt(performance.now() + Math.min(idleTimeout, maxLifetime));
      }
    }
  }

  #lend(connection: Connection, user: string, transaction: boolean): Connection {
    connection.user = user;
    connection.transaction = transaction;
    connection.since = performance.now();
    this.#busy.add(connection);
    return connection;
  }

  #latest(): number {
    let latest = 0;
    for (const { until } of this.#waiting) latest = Math.max(latest, until);
    return latest;
  }

  /** Describes the users of the connections, longest first, and a likely deadlock. */
  #usage(): string {
    const now = performance.now();
    const seconds = (from: number) => `${((now - from) / 1000).toFixed(1)} s`;
    const holders = [...this.#busy].sort((a, b) => a.since - b.since);
    const longest = holders.slice(0, 3).map((connection) => {
      const { user, transaction, since, quietSince } = connection;
      if (!transaction) return `${user} for ${seconds(since)}`;
      const quiet = quietSince === undefined
        ? ""
        : `, without a statement for ${seconds(Math.max(since, quietSince))}`;
      return `${user} for ${seconds(since)}${quiet}`;
    });
    const size = this.#limits.size;
    const making = this.#opening > 0 ? `, ${this.#opening} opening` : "";
    const counts = `${holders.length} of ${size} in use${making}, ${this.#waiting.size} waiting`;
    const idle = holders.filter(({ transaction, quietSince }) =>
      transaction && quietSince !== undefined
    );
    return [
      counts,
      ...(longest.length > 0 ? [`longest: ${longest.join(", ")}`] : []),
      ...(idle.length === size ? [SELF_DEADLOCK] : []),
    ].join("; ");
  }
}

/** The usual reason why no connection of the pool becomes idle. */
const SELF_DEADLOCK =
  "transactions hold every connection and wait for their own callbacks: a query on the " +
  "database inside a transaction needs another connection; use the callback's handle";

function closed(): ConnectionError {
  return new ConnectionError("closed", "The database is closed");
}

function publishAcquire(trace: AcquireTrace): void {
  traces.acquire.publish(trace);
}

function publishConnection(trace: ConnectionTrace): void {
  if (traces.connection.hasSubscribers) traces.connection.publish(trace);
}

function reasonOf(death: DatabaseError | undefined): string | undefined {
  if (death instanceof TimeoutError) return death.kind;
  return death instanceof ConnectionError ? death.reason : undefined;
}
