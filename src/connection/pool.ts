/**
 * The pool: slots are handed out first come, first served, to one user each.
 * Every wait ends: with a slot, at its deadline, by its signal, or with the
 * reason why no connection can be made.
 */
import { atDeadline, left } from "../deadline.ts";
import { ConnectionError, type DatabaseError, TimeoutError } from "../errors.ts";
import type { Slot } from "./connection.ts";
import { type AcquireTrace, codeOf, type SlotTrace, traces } from "../telemetry/trace.ts";

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
  /** Callers that wait for a slot. */
  readonly waiting: number;
  /** Slots thrown away since the start. */
  readonly discarded: number;
  /**
   * Milliseconds that the transaction has been open which began first; undefined where there is none.
   * While it is, the server keeps what was deleted since, and the queue of jobs gets slower.
   */
  readonly oldestTransaction: number | undefined;
}

interface Waiter {
  resolve(slot: Slot): void;
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

export class SlotPool {
  readonly #open: (timeout: number) => Promise<Slot>;
  readonly #limits: PoolLimits;
  readonly #idle: Slot[] = [];
  readonly #busy = new Set<Slot>();
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
  /** Resolves `close` when nobody uses or waits for a slot any more. */
  #drained: (() => void) | undefined;

  constructor(open: (timeout: number) => Promise<Slot>, limits: PoolLimits) {
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
   * A slot for the caller alone; give it back with `release`. Without a promise
   * where one is idle.
   *
   * @param user The query's name, or the transaction's.
   * @param timeout Milliseconds.
   * @throws {TimeoutError} kind `acquire`: all slots are in use.
   * @throws {ConnectionError} no connection can be made.
   */
  acquire(
    user: string,
    timeout: number,
    signal: AbortSignal | undefined,
    transaction = false,
  ): Slot | Promise<Slot> {
    if (this.#closing !== undefined) throw closed();
    const slot = this.#idle.pop();
    if (slot !== undefined) {
      const now = performance.now();
      if (slot.heardAt < now - CHECK_AFTER_MS || slot.heardAt < this.#silent) {
        return this.#check(slot, user, now + timeout, signal, transaction);
      }
      if (traces.acquire.hasSubscribers) {
        tellAcquire({ name: user, duration: 0, error: undefined });
      }
      return this.#lend(slot, user, transaction);
    }
    if (this.#waiting.size >= this.#limits.queue) {
      const message = `Too many callers wait for a connection, ${user} is one too many`;
      throw new TimeoutError("acquire", `${message}: ${this.#crowd()}`);
    }
    return this.#wait(user, timeout, signal, transaction);
  }

  /** Takes a slot back; a dead one is replaced when somebody needs it. */
  release(slot: Slot): void {
    if (!this.#busy.delete(slot)) return;
    if (slot.death === undefined && this.#isOver(slot)) this.#part(slot);
    if (slot.death === undefined) this.#offer(slot);
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
   * Lends the slot once it has given a sign of life. A firewall may have forgotten it without a word,
   * and others that are as quiet with it.
   */
  async #check(
    first: Slot,
    user: string,
    until: number,
    signal: AbortSignal | undefined,
    transaction: boolean,
  ): Promise<Slot> {
    const began = performance.now();
    for (let slot: Slot | undefined = first; slot !== undefined; slot = this.#idle.pop()) {
      this.#lend(slot, user, transaction);
      const asked = performance.now();
      const patience = Math.min(CHECK_TIMEOUT_MS, left(until) / CHECK_SHARE);
      if (await slot.answers(patience, signal) && !signal?.aborted) {
        if (traces.acquire.hasSubscribers) {
          tellAcquire({ name: user, duration: performance.now() - began, error: undefined });
        }
        return slot;
      }
      if (slot.death instanceof TimeoutError) {
        for (const other of [...this.#idle]) if (other.heardAt < asked) other.discard();
      }
      this.release(slot);
      signal?.throwIfAborted();
    }
    return await this.#wait(user, left(until), signal, transaction);
  }

  /** Whether the slot is to be replaced rather than lent again. */
  #isOver(slot: Slot): boolean {
    return slot.spoilt || slot.worn || slot.openedAt < this.#renewed ||
      performance.now() >= this.#endOf(slot);
  }

  /** `performance.now()` at the end of the slot's life. Those that opened together end apart. */
  #endOf({ openedAt, chance }: Slot): number {
    return openedAt + this.#limits.maxLifetime * (1 - chance / 10);
  }

  /** Replaces what was opened before now: the server's tables have changed under its statements. */
  #renew(): void {
    this.#renewed = performance.now();
    for (const slot of this.#idle.splice(0)) this.#part(slot);
  }

  /** Closes what was idle for too long, and comes back for the rest. */
  #sweep(): void {
    this.#stopSweep = undefined;
    const now = performance.now();
    let next = Infinity;
    for (const slot of [...this.#idle]) {
      const end = Math.min(this.#endOf(slot), slot.heardAt + this.#limits.idleTimeout);
      if (end > now) next = Math.min(next, end);
      else {
        this.#idle.splice(this.#idle.indexOf(slot), 1);
        this.#part(slot);
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
    for (const slot of this.#busy) slot.abandon(closed());
    for (const slot of this.#idle.splice(0)) this.#part(slot);
    await Promise.all(this.#parting);
  }

  #drain(): void {
    if (this.#busy.size === 0 && this.#waiting.size === 0) this.#drained?.();
  }

  #part(slot: Slot): void {
    tellSlot({ event: "closed", reason: undefined });
    const parting = slot.end().finally(() => this.#parting.delete(parting));
    this.#parting.add(parting);
  }

  #wait(
    user: string,
    timeout: number,
    signal: AbortSignal | undefined,
    transaction: boolean,
  ): Promise<Slot> {
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
        resolve: (slot) => {
          finish();
          resolve(this.#lend(slot, user, transaction));
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
          const slot = await this.#open(Math.max(1, this.#latest() - performance.now()));
          this.#obstacle = undefined;
          this.#adopt(slot);
          return;
        } catch (error) {
          this.#obstacle = error as DatabaseError;
          const passing = error instanceof ConnectionError && PASSING.has(error.reason);
          // Slots that live will serve those who wait, whatever stops this one; and who
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

  #adopt(slot: Slot): void {
    tellSlot({ event: "opened", reason: undefined });
    slot.onDeath = () => {
      this.#discarded++;
      tellSlot({ event: "discarded", reason: reasonOf(slot.death) });
      this.#silent = Math.max(this.#silent, slot.silentSince ?? -Infinity);
      const at = this.#idle.indexOf(slot);
      if (at >= 0) this.#idle.splice(at, 1);
      this.#grow();
    };
    slot.onStale = () => this.#renew();
    this.#offer(slot);
  }

  #offer(slot: Slot): void {
    const [first] = this.#waiting;
    if (first !== undefined) first.resolve(slot);
    else if (this.#closing !== undefined) this.#part(slot);
    else {
      this.#idle.push(slot);
      if (this.#stopSweep === undefined) {
        const { idleTimeout, maxLifetime } = this.#limits;
        this.#sweepAt(performance.now() + Math.min(idleTimeout, maxLifetime));
      }
    }
  }

  #lend(slot: Slot, user: string, transaction: boolean): Slot {
    slot.user = user;
    slot.transaction = transaction;
    slot.since = performance.now();
    this.#busy.add(slot);
    return slot;
  }

  #latest(): number {
    let latest = 0;
    for (const { until } of this.#waiting) latest = Math.max(latest, until);
    return latest;
  }

  /** Who holds the slots, longest first, and whether they seem to wait for each other. */
  #crowd(): string {
    const now = performance.now();
    const seconds = (from: number) => `${((now - from) / 1000).toFixed(1)} s`;
    const holders = [...this.#busy].sort((a, b) => a.since - b.since);
    const longest = holders.slice(0, 3).map((slot) => {
      const { user, transaction, since, quietSince } = slot;
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

function tellSlot(trace: SlotTrace): void {
  if (traces.slot.hasSubscribers) traces.slot.publish(trace);
}

function reasonOf(death: DatabaseError | undefined): string | undefined {
  if (death instanceof TimeoutError) return death.kind;
  return death instanceof ConnectionError ? death.reason : undefined;
}
