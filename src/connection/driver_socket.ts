/**
 * The socket that the driver gets. It tells the driver that the login is complete, and passes the
 * server's messages on only after this layer has read them.
 */
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { message } from "./messages.ts";

/** AuthenticationOk and ReadyForQuery. */
const LET_IN = Buffer.concat([message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))]);
/** The answer to the driver's first statement, which the layer does not send. */
const HELLO = Buffer.concat([message("I", Buffer.alloc(0)), message("Z", Buffer.from("I"))]);

/** A substitute for the socket, with the events `data`, `drain` and `close`. */
export class DriverSocket extends EventEmitter {
  readonly #socket: Socket;
  readonly #wrote: (data: Buffer) => void;
  readonly #greetings: Buffer[] = [LET_IN, HELLO];
  #cut = false;

  /** @param wrote Called with the driver's data just before it is sent. */
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

  /** Drops everything that the driver writes from now on. */
  cut(): void {
    this.#cut = true;
    this.removeAllListeners();
  }

  /** The driver never ends a connection: this layer does. */
  end(): void {}
  destroy(): void {}
  setKeepAlive(): void {}
}
