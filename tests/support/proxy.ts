/**
 * A network that fails on demand: a TCP proxy between client and server, inside the test's process and
 * without privileges. It reads the server's messages just enough to find the answer to `commit`, so
 * what passes must be plain: `url()` says `sslmode=disable`.
 */
import * as net from "node:net";
import { clearTimeout, setTimeout } from "node:timers";

/** What becomes of a connection: cut with a TCP reset, ended as if the program had closed it, or silent for ever. */
export type Cut = "reset" | "close" | "stall";

/** One connection through the proxy. */
export interface Link {
  /** What the server sees as `client_port` in `pg_stat_activity`. */
  readonly serverSees: number | undefined;
  /** Bytes that came from the client. */
  readonly fromClient: number;
  /** Bytes that came from the server. */
  readonly fromServer: number;
  /** Cuts this connection alone. */
  cut(how: Cut): void;
  /** Ends a stall of this connection: what was held back goes on its way. */
  pass(): void;
}

/** The proxy. Everything passes until told otherwise. */
export interface Proxy {
  /** The connections that stand, oldest first. */
  readonly links: readonly Link[];
  /** Connections that were ever accepted. */
  readonly accepted: number;
  /** How often an answer to `commit`, or a `commit`, was lost as `loseCommit` asked. */
  readonly commitsLost: number;
  /** The URL of a server as it is reached through the proxy. */
  url(applicationName: string): string;
  /** Ends delay, fragments, stall and the losses that wait for their moment. */
  pass(): void;
  /** Holds back what passes for so many milliseconds, each way. */
  delay(milliseconds: number): void;
  /** Hands what the server says to the client in pieces of so many bytes, in a tick each. */
  fragment(bytes: number): void;
  /** Half-open: keeps every connection, accepts new ones, and forwards nothing until `pass`. */
  stall(): void;
  /** Cuts the newest connections, or all, with a TCP reset; tells how many. */
  reset(newest?: number): number;
  /** Refuses new connections; those that stand go on. */
  refuse(): Promise<void>;
  /** Takes new connections again, at the same port. */
  listen(): Promise<void>;
  /** Cuts each connection that stands as soon as the client was given so many bytes more. */
  cutAfter(bytes: number, how?: Cut): void;
  /** Cuts the connection of every `commit`: before the server gets it, or before its answer comes back. */
  loseCommit(what: "commit" | "answer", how?: Cut): void;
  /** Cuts every connection and ends. */
  close(): Promise<void>;
}

/** What holds for all connections. */
interface Weather {
  delay: number;
  fragment: number;
  stalled: boolean;
  lose: { readonly what: "commit" | "answer"; readonly how: Cut } | undefined;
  commitsLost: number;
}

const COMMAND_COMPLETE = 0x43;
const COMMIT_TAG = "COMMIT\0";
/** A simple query: its type, its length, its text. */
const COMMIT_QUERY = Buffer.from([0x51, 0, 0, 0, 11, ...Buffer.from("commit\0")]);
const NOTHING = Buffer.alloc(0);

/** Starts a proxy at a free port of 127.0.0.1, before the server of the URL. */
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
    // It closes its port at once, and calls back when the last connection is gone: not to be awaited.
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

/** One way of a connection: pieces leave in their order, each at its time. */
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

  /** The sender has ended: what is on its way still arrives. */
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
  /** The start of a message of the server's that cannot be judged yet. */
  #held: Uint8Array = NOTHING;
  /** How much of the server's message under way is still to come. */
  #rest = 0;
  #limit: { left: number; readonly how: Cut } | undefined;
  #pieces: Promise<void> = Promise.resolve();
  /** Half-open: neither side learns anything of the other. */
  #silent = false;
  /** What one side is to learn of the other's end when that is over. */
  readonly #untold: (() => void)[] = [];
  /** Whatever is said from here on is lost. */
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
      // One whose end is on its way cannot be reset: Node 20 would neither reset nor close it,
      // and wait for it for ever when the process ends.
      if (how === "reset" && !socket.writableEnded) socket.resetAndDestroy();
      else socket.destroy();
    }
  }

  pass(): void {
    this.#limit = undefined;
    // What was lost for ever ends at last, so that the server is rid of its session.
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

  /** The end of one side is the end of the other, once what is on its way has arrived. */
  #pair(from: net.Socket, lane: Lane): void {
    const tell = () => void this.#pieces.then(() => lane.close());
    // A paused socket tells of its end all the same.
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

  /** Hands over what the client may have of it. */
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

  /** A tick between two pieces, or they would arrive as one. */
  #giveInPieces(data: Uint8Array, size: number): void {
    this.#pieces = this.#pieces.then(async () => {
      for (let at = 0; at < data.length; at += size) {
        this.#toClient.push(data.subarray(at, at + size));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
  }

  /**
   * Follows the server's messages.
   *
   * @returns `whole`: how much can be handed on; the rest is held until more comes. `commit`: where
   *   the first answer to `commit` begins, or -1.
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

  /** Takes what was said from here on away. */
  #lose(how: Cut): void {
    if (this.#lost) return;
    this.#lost = true;
    this.cut("stall");
    // What was handed over before must arrive: a reset at once would take it back.
    if (how !== "stall") setTimeout(() => this.cut(how), 1);
  }
}
