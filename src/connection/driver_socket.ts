/**
 * What the driver takes for its socket. It is told that it is logged in already, and gets the
 * server's messages only after this layer has read them.
 */
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { message } from "./messages.ts";

/** AuthenticationOk and ReadyForQuery. */
const LET_IN = Buffer.concat([message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))]);
/** The answer to the driver's first statement, which makes it say hello and is not sent. */
const HELLO = Buffer.concat([message("I", Buffer.alloc(0)), message("Z", Buffer.from("I"))]);

/** The stand-in. Its events are `data`, `drain` and `close`. */
export class DriverSocket extends EventEmitter {
  readonly #socket: Socket;
  readonly #wrote: (data: Buffer) => void;
  readonly #greetings: Buffer[] = [LET_IN, HELLO];
  #cut = false;

  /** @param wrote Hears what the driver sends, just before it is sent. */
  constructor(socket: Socket, wrote: (data: Buffer) => void) {
    super();
    this.#socket = socket;
    this.#wrote = wrote;
    socket.on("drain", () => this.emit("drain"));
  }

  get readyState(): string {
    return this.#socket.destroyed ? "closed" : "open";
  }

  write(data: Buffer): boolean {
    const greeting = this.#greetings.shift();
    if (greeting !== undefined) {
      queueMicrotask(() => this.emit("data", greeting));
      return true;
    }
    if (this.#cut) return true;
    this.#wrote(data);
    return this.#socket.write(data);
  }

  /** Nothing that the driver writes from now on is sent. */
  cut(): void {
    this.#cut = true;
    this.removeAllListeners();
  }

  /** The driver never ends a connection: this layer does. */
  end(): void {}
  destroy(): void {}
  setKeepAlive(): void {}
}
