/**
 * Tells the settings cache what has changed: by notification after each commit,
 * or, where notifications do not arrive, by asking for the versions.
 */
import { setTimeout as after } from "node:timers";
import { settingVersionGet } from "../generated/system_settings.ts";
import { HEARTBEAT_ANSWER, Listener } from "../connection/listener.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Queryable } from "../query.ts";
import type { Connection, OnNotify } from "../connection/connection.ts";

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
const POLL = 5_000;
const NOTHING = () => {};

/** One listener beside the pool. */
export class SettingsFeed {
  readonly #db: Queryable;
  readonly #logger: Logger;
  readonly #cache: Cache;
  readonly #listener: Listener;
  #mode: Freshness["mode"] = "idle";
  #checked = 0;
  #closed = false;
  #greeted: (greeting: string) => void = NOTHING;

  constructor(
    db: Queryable,
    listen: (onNotify: OnNotify) => Promise<Connection>,
    logger: Logger,
    cache: Cache,
  ) {
    this.#db = db;
    this.#logger = logger;
    this.#cache = cache;
    this.#listener = new Listener(CHANNEL, listen, {
      heard: (payload) => this.#notified(payload),
      listens: (connection) => this.#listens(connection),
      alive: () => this.#checked = performance.now(),
      lost: () => this.#mode = "polling",
      retries: () => void this.#verify().catch(NOTHING),
    });
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
    await this.#listener.close();
  }

  /** Listens while it can; asks where notifications do not arrive. */
  async #watch(): Promise<void> {
    await this.#listener.run();
    await this.#poll();
  }

  async #listens(connection: Connection): Promise<boolean> {
    if (!await this.#greet(connection)) {
      this.#logger.warn(
        `Settings: notifications do not arrive (a transaction pooler?); asking every ${POLL} ms`,
      );
      return false;
    }
    this.#mode = "listening";
    // What was said while nobody listened is lost: look at everything.
    this.#cache.changed();
    return true;
  }

  /**
   * Sends a notification over another connection and waits for it: a pooler that
   * shares connections between transactions accepts `listen` and delivers nothing.
   *
   * @throws {DatabaseError} the listener was lost meanwhile, which tells nothing of a pooler.
   */
  async #greet(connection: Connection): Promise<boolean> {
    const greeting = crypto.randomUUID();
    const heard = new Promise<boolean>((resolve, reject) => {
      connection.onLoss = reject;
      this.#greeted = (text) => {
        if (text === greeting) resolve(true);
      };
      after(() => resolve(false), HEARTBEAT_ANSWER).unref();
    });
    heard.catch(NOTHING);
    if (connection.death !== undefined) throw connection.death;
    await this.#db.query("select pg_notify($1, $2)", [CHANNEL, JSON.stringify({ greeting })], {
      name: "SettingGreeting",
    });
    return await heard;
  }

  #notified(payload: string): void {
    let message: { key?: unknown; greeting?: unknown } | null;
    try {
      message = JSON.parse(payload) as typeof message;
    } catch {
      return this.#cache.changed();
    }
    // Anybody may notify, of anything.
    if (message === null) this.#cache.changed();
    else if (typeof message.greeting === "string") this.#greeted(message.greeting);
    else if (typeof message.key === "string") this.#cache.changed(message.key);
    else this.#cache.changed();
  }

  async #poll(): Promise<void> {
    this.#mode = "polling";
    while (!this.#closed) {
      await this.#listener.sleep(POLL);
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
}
