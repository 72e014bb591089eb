/**
 * A network that fails on demand: a TCP proxy between client and server, in the test's process and without
 * privileges. It parses the server's messages only to find the answer to `commit`, so the traffic must be
 * plaintext: `url()` sets `sslmode=disable`.
 */
import * as net from "node:net";
import { clearTimeout, setTimeout } from "node:timers";

/** A fault of a connection: a TCP reset, an orderly end, or permanent silence. */
export type Cut = "reset" | "close" | "stall";

/** One connection through the proxy. */
export interface Link {
  /** The connection's `client_port` in `pg_stat_activity`. */
  readonly serverSees: number | undefined;
  /** Bytes from the client. */
  readonly fromClient: number;
  /** Bytes from the server. */
  readonly fromServer: number;
  /** Resets only this connection. */
  cut(how: Cut): void;
  /** Ends a stall of this connection and forwards the held bytes. */
  pass(): void;
}

/** The proxy. It forwards everything by default. */
export interface Proxy {
  /** Open connections, oldest first. */
  readonly links: readonly Link[];
  /** Number of connections accepted so far. */
  readonly accepted: number;
  /** Number of lost `commit` requests and answers, as `loseCommit` asked. */
  readonly commitsLost: number;
  /** Returns the URL of a server through the proxy. */
  url(applicationName: string): string;
  /** Ends delays, fragments, stalls and pending losses. */
  pass(): void;
  /** Delays traffic by a number of milliseconds, each way. */
  delay(milliseconds: number): void;
  /** Splits the server's traffic into fragments of a number of bytes, one per tick. */
  fragment(bytes: number): void;
  /** Half-open: keeps every connection, accepts new ones, and forwards nothing until `pass`. */
  stall(): void;
  /** Resets the newest connections, or all. Returns their number. */
  reset(newest?: number): number;
  /** Refuses new connections. Open ones continue. */
  refuse(): Promise<void>;
  /** Accepts new connections again, at the same port. */
  listen(): Promise<void>;
  /** Resets each open connection after the client has received this number of further bytes. */
  cutAfter(bytes: number, how?: Cut): void;
  /** Resets the connection of every `commit`, before the server receives it or before its answer returns. */
  loseCommit(what: "commit" | "answer", how?: Cut): void;
  /** Resets every connection and ends. */
  close(): Promise<void>;
}

/** State for all connections. */
interface Weather {
  delay: number;
  fragment: number;
  stalled: boolean;
  lose: { readonly what: "commit" | "answer"; readonly how: Cut } | undefined;
  commitsLost: number;
}

const COMMAND_COMPLETE = 0x43;
const COMMIT_TAG = "COMMIT\0";
/** A simple query: type, length, text. */
const COMMIT_QUERY = Buffer.from([0x51, 0, 0, 0, 11, ...Buffer.from("commit\0")]);
const NOTHING = Buffer.alloc(0);

/** Starts a proxy at a free port of 127.0.0.1 for the server of the URL. */
export async function startProxy(serverUrl: string): Promise<Proxy> {
  const target = new URL(serverUrl);
  const weather: Weather = {
    delay: 0,
    fragment: Infinity,
    stalled: false,
    lose: undefined,
    commitsLost: 0,
  };
  const pipes = new Set<Pipe>();
  let accepted = 0;
  let port = 0;
  let server: net.Server | undefined;

  const listen = async () => {
    if (server !== undefined) return;
    const own = server = net.createServer({ pauseOnConnect: true }, (client) => {
      accepted++;
      const upstream = net.connect({ host: target.hostname, port: Number(target.port || 5432) });
      const pipe = new Pipe(client, upstream, weather);
      pipes.add(pipe);
      pipe.onEnd = () => pipes.delete(pipe);
    });
    await new Promise<void>((resolve, reject) => {
      own.once("error", reject);
      own.listen(port, "127.0.0.1", resolve);
    });
    port = (own.address() as net.AddressInfo).port;
  };
  const refuse = async () => {
    const own = server;
    server = undefined;
    // The port closes at once, but the callback waits for the last connection, so nobody awaits it.
    own?.close();
    while (own?.listening) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const each = (work: (pipe: Pipe) => void) => [...pipes].forEach(work);

  await listen();
  return {
    get links() {
      return [...pipes];
    },
    get accepted() {
      return accepted;
    },
    get commitsLost() {
      return weather.commitsLost;
    },
    url(applicationName) {
      const url = new URL(serverUrl);
      url.hostname = "127.0.0.1";
      url.port = String(port);
      url.search = "";
      url.searchParams.set("sslmode", "disable");
      url.searchParams.set("application_name", applicationName);
      return url.href;
    },
    pass() {
      weather.delay = 0;
      weather.fragment = Infinity;
      weather.stalled = false;
      weather.lose = undefined;
      each((pipe) => pipe.pass());
    },
    delay: (milliseconds) => void (weather.delay = milliseconds),
    fragment: (bytes) => void (weather.fragment = bytes),
    stall() {
      weather.stalled = true;
      each((pipe) => pipe.cut("stall"));
    },
    reset(newest = pipes.size) {
      const chosen = newest === 0 ? [] : [...pipes].slice(-newest);
      chosen.forEach((pipe) => pipe.cut("reset"));
      return chosen.length;
    },
    refuse,
    listen,
    cutAfter: (bytes, how = "reset") => each((pipe) => pipe.cutAfter(bytes, how)),
    loseCommit: (what, how = "reset") => void (weather.lose = { what, how }),
    async close() {
      each((pipe) => pipe.cut("reset"));
      await refuse();
    },
  };
}

/** One direction of a connection. Fragments leave in order, each at its time. */
class Lane {
  readonly #to: net.Socket;
  readonly #weather: Weather;
  readonly #waiting: { readonly piece: Uint8Array; readonly due: number }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closing = false;

  constructor(to: net.Socket, weather: Weather) {
    this.#to = to;
    this.#weather = weather;
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    const { delay } = this.#weather;
    if (delay === 0 && this.#waiting.length === 0) {
      this.#to.write(piece);
      return;
    }
    this.#waiting.push({ piece, due: performance.now() + delay });
    this.#next();
  }

  /** The sender has ended. Bytes in transit still arrive. */
  close(): void {
    this.#closing = true;
    if (this.#waiting.length === 0) this.#to.end();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #next(): void {
    if (this.#timer !== undefined) return;
    const [first] = this.#waiting;
    if (first === undefined) {
      if (this.#closing) this.#to.end();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#waiting.shift();
      this.#to.write(first.piece);
      this.#next();
    }, Math.max(0, first.due - performance.now()));
  }
}

class Pipe implements Link {
  onEnd: () => void = () => {};
  fromClient = 0;
  fromServer = 0;
  serverSees: number | undefined;

  readonly #client: net.Socket;
  readonly #upstream: net.Socket;
  readonly #weather: Weather;
  readonly #toClient: Lane;
  readonly #toServer: Lane;
  /** Start of an incomplete message of the server. */
  #held: Uint8Array = NOTHING;
  /** Missing bytes of the server's current message. */
  #rest = 0;
  #limit: { left: number; readonly how: Cut } | undefined;
  #pieces: Promise<void> = Promise.resolve();
  /** Half-open: neither side notices the other. */
  #silent = false;
  /** End of one side to forward when the stall is over. */
  readonly #untold: (() => void)[] = [];
  /** Discards everything from here on. */
  #lost = false;
  #open = 2;

  constructor(client: net.Socket, upstream: net.Socket, weather: Weather) {
    this.#client = client;
    this.#upstream = upstream;
    this.#weather = weather;
    this.#toClient = new Lane(client, weather);
    this.#toServer = new Lane(upstream, weather);
    upstream.once("connect", () => this.serverSees = upstream.localPort);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
    }
    client.on("data", (chunk: Uint8Array) => this.#clientSaid(chunk));
    upstream.on("data", (chunk: Uint8Array) => this.#serverSaid(chunk));
    this.#pair(client, this.#toServer);
    this.#pair(upstream, this.#toClient);
    if (weather.stalled) this.cut("stall");
    else client.resume();
  }

  cut(how: Cut): void {
    if (how === "stall") {
      this.#silent = true;
      this.#client.pause();
      this.#upstream.pause();
      return;
    }
    this.#lost = true;
    this.#toClient.stop();
    this.#toServer.stop();
    for (const socket of [this.#client, this.#upstream]) {
      // A socket that is ending cannot be reset: Node 20 would neither reset nor close it, and would wait for it
      // forever at the end of the process.
      if (how === "reset" && !socket.writableEnded) socket.resetAndDestroy();
      else socket.destroy();
    }
  }

  pass(): void {
    this.#limit = undefined;
    // Discarded traffic ends as well, so that the server closes its session.
    if (this.#lost) return this.cut("reset");
    this.#silent = false;
    this.#client.resume();
    this.#upstream.resume();
    this.#untold.splice(0).forEach((tell) => tell());
  }

  cutAfter(bytes: number, how: Cut): void {
    this.#limit = { left: bytes, how };
    if (bytes === 0) this.#lose(how);
  }

  /** Forwards the end of one side to the other, after the bytes in transit. */
  #pair(from: net.Socket, lane: Lane): void {
    const tell = () => void this.#pieces.then(() => lane.close());
    // A paused socket still reports its end.
    const ended = () => this.#silent ? void this.#untold.push(tell) : tell();
    from.on("end", ended);
    from.on("close", () => {
      if (--this.#open === 0) this.onEnd();
      else ended();
    });
  }

  #clientSaid(chunk: Uint8Array): void {
    if (this.#lost) return;
    this.fromClient += chunk.length;
    const { lose } = this.#weather;
    const at = lose?.what === "commit" ? Buffer.from(chunk).indexOf(COMMIT_QUERY) : -1;
    if (lose === undefined || at < 0) return this.#toServer.push(chunk);
    this.#toServer.push(chunk.subarray(0, at));
    this.#weather.commitsLost++;
    this.#lose(lose.how);
  }

  #serverSaid(chunk: Uint8Array): void {
    this.fromServer += chunk.length;
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const { lose } = this.#weather;
    const { whole, commit } = this.#read(data);
    if (lose?.what !== "answer" || commit < 0) return this.#give(data.subarray(0, whole));
    this.#give(data.subarray(0, commit));
    this.#weather.commitsLost++;
    this.#lose(lose.how);
  }

  /** Forwards the bytes that the client may receive. */
  #give(data: Uint8Array): void {
    if (this.#lost) return;
    const limit = this.#limit;
    const given = limit === undefined ? data : data.subarray(0, limit.left);
    const { fragment } = this.#weather;
    if (fragment === Infinity) this.#toClient.push(given);
    else this.#giveInPieces(given, fragment);
    if (limit === undefined) return;
    limit.left -= given.length;
    if (limit.left === 0) this.#lose(limit.how);
  }

  /** A tick between two fragments, because otherwise they would arrive as one. */
  #giveInPieces(data: Uint8Array, size: number): void {
    this.#pieces = this.#pieces.then(async () => {
      for (let at = 0; at < data.length; at += size) {
        this.#toClient.push(data.subarray(at, at + size));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
  }

  /**
   * Parses the server's messages.
   *
   * @returns `whole`: number of bytes to forward; the rest waits for more. `commit`: index of the first answer
   * to `commit`, or -1.
   */
  #read(data: Uint8Array): { whole: number; commit: number } {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let at = this.#rest;
    let commit = -1;
    while (at + 5 <= data.length) {
      const size = 1 + view.getUint32(at + 1);
      if (data[at] === COMMAND_COMPLETE) {
        if (at + size > data.length) break;
        const tag = Buffer.from(data.subarray(at + 5, at + size)).toString("latin1");
        if (tag === COMMIT_TAG && commit < 0) commit = at;
      }
      at += size;
    }
    const whole = Math.min(at, data.length);
    this.#rest = at - whole;
    this.#held = data.subarray(whole);
    return { whole, commit };
  }

  /** Discards the traffic from here on. */
  #lose(how: Cut): void {
    if (this.#lost) return;
    this.#lost = true;
    this.cut("stall");
    // The bytes forwarded before must arrive. An immediate reset would discard them.
    if (how !== "stall") setTimeout(() => this.cut(how), 1);
  }
}
