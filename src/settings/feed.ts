/**
 * Reports changes to the settings cache: by notification after each commit, or by
 * polling the versions if notifications do not arrive.
 */
import { setTimeout as after } from "node:timers";
import { settingVersionGet } from "../generated/internal/system_settings.ts";
import { HEARTBEAT_TIMEOUT_MS, Listener } from "../connection/listener.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Queryable } from "../query.ts";
import type { Connection, OnNotify } from "../connection/connection.ts";

/** The freshness of the settings cache. */
export interface Freshness {
  /**
   * `idle`: nothing has been read yet. `listening`: changes arrive by notification.
   * `polling`: the feed polls for changes every few seconds.
   */
  readonly mode: "idle" | "listening" | "polling";
  /** Milliseconds since the cache was last known to be current: a read may be this stale. */
  readonly age: number;
}

/** The feed's view of the cache. */
interface Cache {
  /** Marks a key as stale; all keys by default. */
  changed(key?: string): void;
  /** Returns the number of cached rows and their highest version. */
  known(): { count: number; version: number };
}

const CHANNEL = "netraven_settings";
const POLL_INTERVAL_MS = 5_000;
const NOTHING = () => {};

/** Listens over one connection outside the pool. */
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

  /** Starts the feed at the first call. */
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

  /** Listens, and polls if notifications do not arrive. */
  async #watch(): Promise<void> {
    await this.#listener.run();
    await this.#poll();
  }

  async #listens(connection: Connection): Promise<boolean> {
    if (!await this.#greet(connection)) {
      this.#logger.warn(
        `Settings: notifications do not arrive (a transaction pooler?); polling every ${POLL_INTERVAL_MS} ms`,
      );
      return false;
    }
    this.#mode = "listening";
    // Notifications sent before are lost, so every key may be stale.
    this.#cache.changed();
    return true;
  }

  /**
   * Sends a notification over another connection and waits for it: a pooler that
   * shares connections between transactions accepts `listen` and delivers nothing.
   *
   * @throws {DatabaseError} the listener lost its connection, which does not prove a pooler.
   */
  async #greet(connection: Connection): Promise<boolean> {
    const greeting = crypto.randomUUID();
    const heard = new Promise<boolean>((resolve, reject) => {
      connection.onLoss = reject;
      this.#greeted = (text) => {
        if (text === greeting) resolve(true);
      };
      after(() => resolve(false), HEARTBEAT_TIMEOUT_MS).unref();
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
    // Anybody can send a notification with any payload.
    if (message === null) this.#cache.changed();
    else if (typeof message.greeting === "string") this.#greeted(message.greeting);
    else if (typeof message.key === "string") this.#cache.changed(message.key);
    else this.#cache.changed();
  }

  async #poll(): Promise<void> {
    this.#mode = "polling";
    while (!this.#closed) {
      await this.#listener.sleep(POLL_INTERVAL_MS);
      if (!this.#closed) await this.#verify().catch(NOTHING);
    }
  }

  /** Compares the number of rows and the highest version with the cache. */
  async #verify(): Promise<void> {
    const started = performance.now();
    const { count, version } = await settingVersionGet.one(undefined, this.#db);
    const known = this.#cache.known();
    if (count !== known.count || version !== known.version) this.#cache.changed();
    this.#checked = started;
  }
}
