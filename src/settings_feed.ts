/**
 * Tells the settings cache what has changed: by notification after each commit,
 * or, where notifications do not arrive, by asking for the versions.
 */
import { setTimeout as after } from "node:timers";
import { DatabaseError } from "./errors.ts";
import { settingVersionGet } from "./generated/system_settings.ts";
import type { Logger } from "./logger.ts";
import type { Queryable } from "./query.ts";
import type { OnNotify, Slot } from "./slot.ts";

/** How fresh the cache is. */
export interface Freshness {
  /**
   * `idle`: nothing has been read yet. `listening`: changes arrive by
   * notification. `polling`: they are asked for every few seconds.
   */
  readonly mode: "idle" | "listening" | "polling";
  /** Milliseconds since the cache was last known to be current: a read may be this stale. */
  readonly age: number;
}

/** The cache, as the feed sees it. */
interface Cache {
  /** A key, or all of them, must be read again. */
  changed(key?: string): void;
  /** Number of rows and highest version that the cache holds. */
  known(): { count: number; version: number };
}

const CHANNEL = "netraven_settings";
const HEARTBEAT = 10_000;
const HEARTBEAT_ANSWER = 5_000;
const POLL = 5_000;
const RECONNECT_FIRST = 100;
const RECONNECT_MOST = 2_000;
const NOTHING = () => {};

/** One listener beside the pool. */
export class SettingsFeed {
  readonly #db: Queryable;
  readonly #listen: (onNotify: OnNotify) => Promise<Slot>;
  readonly #logger: Logger;
  readonly #cache: Cache;
  #mode: Freshness["mode"] = "idle";
  #checked = 0;
  #closed = false;
  #listener: Slot | undefined;
  #wake: () => void = NOTHING;
  #greeted: (greeting: string) => void = NOTHING;

  constructor(
    db: Queryable,
    listen: (onNotify: OnNotify) => Promise<Slot>,
    logger: Logger,
    cache: Cache,
  ) {
    this.#db = db;
    this.#listen = listen;
    this.#logger = logger;
    this.#cache = cache;
  }

  /** Begins, at the first call. */
  start(): void {
    if (this.#mode !== "idle" || this.#closed) return;
    this.#mode = "polling";
    this.#checked = performance.now();
    void this.#watch();
  }

  freshness(): Freshness {
    const age = this.#mode === "idle" ? 0 : Math.round(performance.now() - this.#checked);
    return { mode: this.#mode, age };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#listener?.end();
  }

  /** Listens, and begins again whenever the listener is lost; polls meanwhile. */
  async #watch(): Promise<void> {
    let pause = RECONNECT_FIRST;
    while (!this.#closed) {
      try {
        const slot = this.#listener = await this.#listen((_, payload) => this.#notified(payload));
        if (this.#closed) break;
        slot.unref();
        await slot.command(`listen ${CHANNEL}`, HEARTBEAT_ANSWER);
        if (!await this.#greet(slot)) {
          this.#logger.warn(
            `Settings: notifications do not arrive (a transaction pooler?); asking every ${POLL} ms`,
          );
          await slot.end();
          return await this.#poll();
        }
        pause = RECONNECT_FIRST;
        this.#mode = "listening";
        // What was said while nobody listened is lost: look at everything.
        this.#cache.changed();
        await this.#heartbeats(slot);
      } catch (error) {
        // A standby refuses LISTEN for good; everything else may pass.
        const forGood = error instanceof DatabaseError &&
          /^(0A000|25006|42501)$/.test(error.sqlState ?? "");
        if (forGood) return await this.#poll();
      }
      this.#listener?.discard();
      if (this.#closed) break;
      this.#mode = "polling";
      await this.#sleep(pause);
      pause = Math.min(pause * 2, RECONNECT_MOST);
      this.#verify().catch(NOTHING);
    }
    await this.#listener?.end();
  }

  /**
   * Sends a notification over another connection and waits for it: a pooler that
   * shares connections between transactions accepts `listen` and delivers nothing.
   *
   * @throws {DatabaseError} the listener was lost meanwhile, which tells nothing of a pooler.
   */
  async #greet(slot: Slot): Promise<boolean> {
    const greeting = crypto.randomUUID();
    const heard = new Promise<boolean>((resolve, reject) => {
      slot.onLoss = reject;
      this.#greeted = (text) => {
        if (text === greeting) resolve(true);
      };
      after(() => resolve(false), HEARTBEAT_ANSWER).unref();
    });
    heard.catch(NOTHING);
    if (slot.death !== undefined) throw slot.death;
    await this.#db.query("select pg_notify($1, $2)", [CHANNEL, JSON.stringify({ greeting })], {
      name: "SettingGreeting",
    });
    return await heard;
  }

  #notified(payload: string): void {
    let message: { key?: unknown; greeting?: unknown };
    try {
      message = JSON.parse(payload) as typeof message;
    } catch {
      return this.#cache.changed();
    }
    if (typeof message.greeting === "string") this.#greeted(message.greeting);
    else if (typeof message.key === "string") this.#cache.changed(message.key);
    else this.#cache.changed();
  }

  /** Returns when the listener is dead: a half-open connection is silent otherwise. */
  async #heartbeats(slot: Slot): Promise<void> {
    slot.onLoss = () => this.#wake();
    while (!this.#closed) {
      this.#checked = performance.now();
      await this.#sleep(HEARTBEAT);
      if (this.#closed || slot.death !== undefined) return;
      const { rows } = await slot.run(
        "select pg_listening_channels() as channel",
        [],
        { name: "SettingHeartbeat" },
        HEARTBEAT_ANSWER,
      );
      if (!(rows as { channel: string }[]).some(({ channel }) => channel === CHANNEL)) return;
    }
  }

  async #poll(): Promise<void> {
    this.#mode = "polling";
    while (!this.#closed) {
      await this.#sleep(POLL);
      if (!this.#closed) await this.#verify().catch(NOTHING);
    }
  }

  /** Compares the number of rows and the highest version with what is known. */
  async #verify(): Promise<void> {
    const started = performance.now();
    const { count, version } = await settingVersionGet.one(undefined, this.#db);
    const known = this.#cache.known();
    if (count !== known.count || version !== known.version) this.#cache.changed();
    this.#checked = started;
  }

  /** Ends early when the listener is lost or the database closed; holds no process open. */
  #sleep(time: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = after(resolve, time);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
