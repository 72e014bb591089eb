/** Receives notifications over a connection outside the pool, and reconnects when it is lost. */
import { DatabaseError } from "../errors.ts";
import { Nap } from "../nap.ts";
import type { Connection, OnNotify } from "./connection.ts";

/** Callbacks of a listener. */
export interface ListenerEvents {
  /** Called for each notification. */
  readonly heard: (payload: string) => void;
  /** Called when listening begins. Returns false if notifications do not arrive: the listener then stops. */
  readonly listens: (connection: Connection) => Promise<boolean> | boolean;
  /** Called when the connection has answered. */
  readonly alive?: () => void;
  /** Called when the connection is lost. The listener reconnects after a pause. */
  readonly lost?: () => void;
  /** Called before the listener reconnects. */
  readonly retries?: () => void;
}

/** Milliseconds within which a live connection answers. */
export const HEARTBEAT_TIMEOUT_MS = 5_000;
const HEARTBEAT_INTERVAL_MS = 10_000;
const FIRST_RECONNECT_MS = 100;
const MAX_RECONNECT_MS = 2_000;

/** Listens on one channel until `close`. */
export class Listener {
  readonly #channel: string;
  readonly #open: (onNotify: OnNotify) => Promise<Connection>;
  readonly #events: ListenerEvents;
  readonly #nap = new Nap();
  #closed = false;
  #connection: Connection | undefined;

  constructor(
    channel: string,
    open: (onNotify: OnNotify) => Promise<Connection>,
    events: ListenerEvents,
  ) {
    this.#channel = channel;
    this.#open = open;
    this.#events = events;
  }

  /** Listens until `close`, or until a pooler or a standby proves unable to deliver notifications. */
  async run(): Promise<void> {
    let pause = FIRST_RECONNECT_MS;
    while (!this.#closed) {
      try {
        const connection = this.#connection = await this.#open((_, payload) =>
          this.#events.heard(payload)
        );
        if (this.#closed) break;
        connection.unref();
        await connection.command(`listen ${this.#channel}`, HEARTBEAT_TIMEOUT_MS);
        if (!await this.#events.listens(connection)) return await connection.end();
        pause = FIRST_RECONNECT_MS;
        await this.#heartbeats(connection);
      } catch (error) {
        // A standby always refuses LISTEN; other errors may be temporary.
        const forGood = error instanceof DatabaseError &&
          /^(0A000|25006|42501)$/.test(error.sqlState ?? "");
        if (forGood) return;
      }
      this.#connection?.discard();
      if (this.#closed) break;
      this.#events.lost?.();
      await this.sleep(pause);
      pause = Math.min(pause * 2, MAX_RECONNECT_MS);
      this.#events.retries?.();
    }
    await this.#connection?.end();
  }

  /** Sleeps until the time is over, the connection is lost or the listener closes. Keeps no process alive. */
  sleep(time: number): Promise<void> {
    return this.#nap.sleep(time);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#nap.wake();
    await this.#connection?.end();
  }

  /** Sends heartbeats and returns when the connection is dead: a half-open connection stays silent. */
  async #heartbeats(connection: Connection): Promise<void> {
    connection.onLoss = () => this.#nap.wake();
    while (!this.#closed) {
      this.#events.alive?.();
      await this.sleep(HEARTBEAT_INTERVAL_MS);
      if (this.#closed || connection.death !== undefined) return;
      const { rows } = await connection.run(
        "select pg_listening_channels() as channel",
        [],
        { name: "ListenerHeartbeat" },
        HEARTBEAT_TIMEOUT_MS,
      );
      if (!(rows as { channel: string }[]).some(({ channel }) => channel === this.#channel)) return;
    }
  }
}
