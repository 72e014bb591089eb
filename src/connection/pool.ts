/**
 * The pool: connections are handed out first come, first served, to one user each.
 * Every wait ends: with a connection, at its deadline, by its signal, or with the
 * reason why no connection can be made.
 */
import { atDeadline, left } from "../deadline.ts";
import { ConnectionError, type DatabaseError, TimeoutError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { type AcquireTrace, codeOf, type ConnectionTrace, traces } from "../telemetry/trace.ts";

/** How large the pool may grow. */
export interface PoolLimits {
  /** Connections at most. */
  readonly size: number;
  /** Callers that may wait for one; a further one is refused at once. */
  readonly queue: number;
  /** Milliseconds without use after which a connection is closed. */
  readonly idleTimeout: number;
  /** Milliseconds after which a connection is replaced, up to a tenth earlier. */
  readonly maxLifetime: number;
}

/** The pool at this moment. */
export interface PoolStats {
  /** Connections at most. */
  readonly max: number;
  /** Connections that stand. */
  readonly size: number;
  readonly idle: number;
  readonly busy: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  /** Connections thrown away since the start. */
  readonly discarded: number;
  /**
   * Milliseconds that the transaction has been open which began first; undefined where there is none.
   * While it is, the server keeps what was deleted since, and the queue of jobs gets slower.
   */
  readonly oldestTransaction: number | undefined;
}

interface Waiter {
  resolve(connection: Connection): void;
  reject(error: unknown): void;
  /** `performance.now()` at its arrival and at its deadline. */
  readonly since: number;
  readonly until: number;
}

// A server that restarts is back in seconds; asking more often than this only heats it.
const RETRY_FIRST = 50;
const RETRY_MOST = 1000;
/** A connection that was quiet for longer is asked for a sign of life before it is lent. */
const CHECK_AFTER_MS = 500;
/** The longest such a question may take, and its share of the caller's time. */
const CHECK_TIMEOUT_MS = 1_000;
const CHECK_SHARE = 4;

/** Reasons that time may heal. The others are told at once. */
const PASSING: ReadonlySet<string> = new Set([
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
  /** Connections that are being closed in peace. */
  readonly #parting = new Set<Promise<void>>();
  #opening = 0;
  #discarded = 0;
  /** `performance.now()`: connections that were opened before are replaced. */
  #renewed = -Infinity;
  /** The same: those that said nothing since are asked before they are lent. */
  #silent = -Infinity;
  /** When the next connection has been idle, or has lived, for long enough. */
  #stopSweep: (() => void) | undefined;
  /** Set by the first `close`, and its end. */
  #closing: Promise<void> | undefined;
  /** Resolves `close` when nobody uses or waits for a connection any more. */
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
   * A connection for the caller alone; give it back with `release`. Without a promise
   * where one is idle.
   *
   * @param user The query's name, or the transaction's.
   * @param timeout Milliseconds.
   * @throws {TimeoutError} kind `acquire`: all connections are in use.
   * @throws {ConnectionError} no connection can be made.
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
      if (connection.heardAt < now - CHECK_AFTER_MS || connection.heardAt < this.#silent) {
        return this.#check(connection, user, now + timeout, signal, transaction);
      }
      if (traces.acquire.hasSubscribers) {
        tellAcquire({ name: user, duration: 0, error: undefined });
      }
      return this.#lend(connection, user, transaction);
    }
    if (this.#waiting.size >= this.#limits.queue) {
      const message = `Too many callers wait for a connection, ${user} is one too many`;
      throw new TimeoutError("acquire", `${message}: ${this.#crowd()}`);
    }
    return this.#wait(user, timeout, signal, transaction);
  }

  /** Takes a connection back; a dead one is replaced when somebody needs it. */
  release(connection: Connection): void {
    if (!this.#busy.delete(connection)) return;
    if (connection.death === undefined && this.#isOver(connection)) this.#part(connection);
    if (connection.death === undefined) this.#offer(connection);
    else this.#grow();
    this.#drain();
  }

  /**
   * Refuses new work, lets what runs and what waits end for `drain` milliseconds,
   * then cuts. Resolves when every connection is closed.
   */
  close(drain: number): Promise<void> {
    return this.#closing ??= this.#close(drain);
  }

  /**
   * Lends the connection once it has given a sign of life. A firewall may have forgotten it without a word,
   * and others that are as quiet with it.
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
      const patience = Math.min(CHECK_TIMEOUT_MS, left(until) / CHECK_SHARE);
      if (await connection.answers(patience, signal) && !signal?.aborted) {
        if (traces.acquire.hasSubscribers) {
          tellAcquire({ name: user, duration: performance.now() - began, error: undefined });
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

  /** Whether the connection is to be replaced rather than lent again. */
  #isOver(connection: Connection): boolean {
    return connection.spoilt || connection.worn || connection.openedAt < this.#renewed ||
      performance.now() >= this.#endOf(connection);
  }

  /** `performance.now()` at the end of the connection's life. Those that opened together end apart. */
  #endOf({ openedAt, chance }: Connection): number {
    return openedAt + this.#limits.maxLifetime * (1 - chance / 10);
  }

  /** Replaces what was opened before now: the server's tables have changed under its statements. */
  #renew(): void {
    this.#renewed = performance.now();
    for (const connection of this.#idle.splice(0)) this.#part(connection);
  }

  /** Closes what was idle for too long, and comes back for the rest. */
  #sweep(): void {
    this.#stopSweep = undefined;
    const now = performance.now();
    let next = Infinity;
    for (const connection of [...this.#idle]) {
      const end = Math.min(this.#endOf(connection), connection.heardAt + this.#limits.idleTimeout);
      if (end > now) next = Math.min(next, end);
      else {
        this.#idle.splice(this.#idle.indexOf(connection), 1);
        this.#part(connection);
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
      // Not before `close` has set what refuses new work.
      queueMicrotask(() => this.#drain());
    });
    clearTimeout(timer);
    for (const waiter of [...this.#waiting]) waiter.reject(closed());
    for (const connection of this.#busy) connection.abandon(closed());
    for (const connection of this.#idle.splice(0)) this.#part(connection);
    await Promise.all(this.#parting);
  }

  #drain(): void {
    if (this.#busy.size === 0 && this.#waiting.size === 0) this.#drained?.();
  }

  #part(connection: Connection): void {
    tellConnection({ event: "closed", reason: undefined });
    const parting = connection.end().finally(() => this.#parting.delete(parting));
    this.#parting.add(parting);
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
          tellAcquire({ name: user, duration, error: codeOf(error) });
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
        const crowd = this.#crowd();
        const message = `No connection came free for ${user} within ${
          Math.round(timeout)
        } ms: ${crowd}`;
        waiter.reject(this.#obstacle ?? new TimeoutError("acquire", message));
      });
      signal?.addEventListener("abort", abort);
      this.#waiting.add(waiter);
      this.#grow();
    });
  }

  /** Why the last attempt to connect failed, while it is being tried again. */
  #obstacle: DatabaseError | undefined;

  /** Opens connections while somebody waits and there is room. */
  #grow(): void {
    const room = this.#limits.size - this.#idle.length - this.#busy.size - this.#opening;
    const need = this.#waiting.size - this.#opening;
    for (let i = Math.min(room, need); i > 0; i--) void this.#add();
  }

  async #add(): Promise<void> {
    this.#opening++;
    try {
      for (
        let pause = RETRY_FIRST;
        this.#waiting.size > 0;
        pause = Math.min(pause * 2, RETRY_MOST)
      ) {
        const began = performance.now();
        try {
          const connection = await this.#open(Math.max(1, this.#latest() - performance.now()));
          this.#obstacle = undefined;
          this.#adopt(connection);
          return;
        } catch (error) {
          this.#obstacle = error as DatabaseError;
          const passing = error instanceof ConnectionError && PASSING.has(error.reason);
          // Connections that live will serve those who wait, whatever stops this one; and who
          // came after the attempt began is owed one of their own.
          if (!passing && this.#idle.length + this.#busy.size === 0) {
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
    tellConnection({ event: "opened", reason: undefined });
    connection.onDeath = () => {
      this.#discarded++;
      tellConnection({ event: "discarded", reason: reasonOf(connection.death) });
      this.#silent = Math.max(this.#silent, connection.silentSince ?? -Infinity);
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
      this.#grow();
    };
    connection.onStale = () => this.#renew();
    this.#offer(connection);
  }

  #offer(connection: Connection): void {
    const [first] = this.#waiting;
    if (first !== undefined) first.resolve(connection);
    else if (this.#closing !== undefined) this.#part(connection);
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

  /** Who holds the connections, longest first, and whether they seem to wait for each other. */
  #crowd(): string {
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
    const making = this.#opening > 0 ? `, ${this.#opening} being made` : "";
    const crowd = `${holders.length} of ${size} in use${making}, ${this.#waiting.size} waiting`;
    const idle = holders.filter(({ transaction, quietSince }) =>
      transaction && quietSince !== undefined
    );
    return [
      crowd,
      ...(longest.length > 0 ? [`longest: ${longest.join(", ")}`] : []),
      ...(idle.length === size ? [TANGLE] : []),
    ].join("; ");
  }
}

/** The usual reason for a pool in which nothing moves. */
const TANGLE =
  "every connection is held by a transaction that waits for its own callback: a query on the " +
  "database from inside a transaction needs a connection more; use the handle the callback is given";

function closed(): ConnectionError {
  return new ConnectionError("closed", "The database is closed");
}

function tellAcquire(trace: AcquireTrace): void {
  traces.acquire.publish(trace);
}

function tellConnection(trace: ConnectionTrace): void {
  if (traces.connection.hasSubscribers) traces.connection.publish(trace);
}

function reasonOf(death: DatabaseError | undefined): string | undefined {
  if (death instanceof TimeoutError) return death.kind;
  return death instanceof ConnectionError ? death.reason : undefined;
}
