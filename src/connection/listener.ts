/** A connection beside the pool that hears notifications, and comes back whenever it is lost. */
import { DatabaseError } from "../errors.ts";
import { Nap } from "../nap.ts";
import type { Connection, OnNotify } from "./connection.ts";

/** What a listener tells. */
export interface ListenerEvents {
  /** A notification came. */
  readonly heard: (payload: string) => void;
  /** It listens, from now on; false where notifications do not arrive, which gives up for good. */
  readonly listens: (connection: Connection) => Promise<boolean> | boolean;
  /** The connection answered. */
  readonly alive?: () => void;
  /** It listens no more, and will try again after a pause. */
  readonly lost?: () => void;
  /** It is about to try again. */
  readonly retries?: () => void;
}

/** The longest answer of a listener that is alive, in milliseconds. */
export const HEARTBEAT_ANSWER = 5_000;
const HEARTBEAT = 10_000;
const RECONNECT_FIRST = 100;
const RECONNECT_MOST = 2_000;

/** Listens on one channel until it is closed. */
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

  /** Listens; ends when it is closed, or where listening is no use: by a pooler, on a standby. */
  async run(): Promise<void> {
    let pause = RECONNECT_FIRST;
    while (!this.#closed) {
      try {
        const connection = this.#connection = await this.#open((_, payload) =>
          this.#events.heard(payload)
        );
        if (this.#closed) break;
        connection.unref();
        await connection.command(`listen ${this.#channel}`, HEARTBEAT_ANSWER);
        if (!await this.#events.listens(connection)) return await connection.end();
        pause = RECONNECT_FIRST;
        await this.#heartbeats(connection);
      } catch (error) {
        // A standby refuses LISTEN for good; everything else may pass.
        const forGood = error instanceof DatabaseError &&
          /^(0A000|25006|42501)$/.test(error.sqlState ?? "");
        if (forGood) return;
      }
      this.#connection?.discard();
      if (this.#closed) break;
      this.#events.lost?.();
      await this.sleep(pause);
      pause = Math.min(pause * 2, RECONNECT_MOST);
      this.#events.retries?.();
    }
    await this.#connection?.end();
  }

  /** Ends early when the connection is lost or the listener closed; holds no process open. */
  sleep(time: number): Promise<void> {
    return this.#nap.sleep(time);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#nap.wake();
    await this.#connection?.end();
  }

  /** Returns when the connection is dead: a half-open one is silent otherwise. */
  async #heartbeats(connection: Connection): Promise<void> {
    connection.onLoss = () => this.#nap.wake();
    while (!this.#closed) {
      this.#events.alive?.();
      await this.sleep(HEARTBEAT);
      if (this.#closed || connection.death !== undefined) return;
      const { rows } = await connection.run(
        "select pg_listening_channels() as channel",
        [],
        { name: "ListenerHeartbeat" },
        HEARTBEAT_ANSWER,
      );
      if (!(rows as { channel: string }[]).some(({ channel }) => channel === this.#channel)) return;
    }
  }
}
