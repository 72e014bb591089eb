/**
 * A fake PostgreSQL server for answers that a real one never sends. It accepts every login and answers every
 * statement with one row, unless a test replaces an answer.
 */
import { Buffer } from "node:buffer";
import * as net from "node:net";

/** A message of the client: its letter, empty for the startup message, and its body. */
export interface Said {
  readonly type: string;
  readonly body: Buffer;
}

/** Returns the server's answer to a message, instead of the default one. */
export type Answer = (said: Said, usual: Buffer, socket: net.Socket) => Uint8Array | undefined;

/** The server. */
export interface FakeServer {
  /** Connects to the server. */
  url(applicationName?: string): string;
  /** Number of accepted connections. */
  readonly accepted: number;
  /** Its connections. */
  readonly sockets: ReadonlySet<net.Socket>;
  close(): Promise<void>;
}

/** A message of the server. */
export function frame(type: string, ...parts: (number | string | Uint8Array)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => {
    if (typeof part === "number") return int32(part);
    return typeof part === "string" ? Buffer.from(part) : Buffer.from(part);
  }));
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

export function int32(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeInt32BE(value);
  return four;
}

export function int16(value: number): Buffer {
  const two = Buffer.alloc(2);
  two.writeInt16BE(value);
  return two;
}

/** A RowDescription of text columns, or of integer columns if the name contains `int`. */
export function columns(...names: string[]): Buffer {
  return frame(
    "T",
    int16(names.length),
    ...names.flatMap((name) => [
      `${name}\0`,
      0,
      int16(0),
      name.startsWith("int") ? 23 : 25,
      int16(-1),
      -1,
      int16(0),
    ]),
  );
}

export function row(...values: (string | null)[]): Buffer {
  const cells = values.flatMap((value) =>
    value === null ? [-1] : [Buffer.byteLength(value), value]
  );
  return frame("D", int16(values.length), ...cells);
}

export const READY: Buffer = frame("Z", "I");
export const NOTICE: Buffer = frame("N", "SNOTICE\0VNOTICE\0C00000\0Mhello\0\0");
export const SETTING: Buffer = frame("S", "application_name\0x\0");
export const NOTIFICATION: Buffer = frame("A", 7, "channel\0payload\0");
/** Messages that accept a client. */
export const WELCOME: Buffer = Buffer.concat([
  frame("R", 0),
  frame("S", "server_version\x0018.4\0"),
  frame("S", "TimeZone\0UTC\0"),
  frame("K", 4242, 4711),
  READY,
]);

export function complete(tag: string): Buffer {
  return frame("C", `${tag}\0`);
}

export function refusal(sqlState: string, severity = "ERROR", message = "refused"): Buffer {
  return frame("E", `S${severity}\0V${severity}\0C${sqlState}\0M${message}\0\0`);
}

/** Version fields of requests that begin no session. */
const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;

/** Default answer to each message. */
function usualAnswer({ type, body }: Said, parameters: { count: number }): Buffer {
  switch (type) {
    case "":
      return WELCOME;
    case "P":
      parameters.count = new Set(body.toString().match(/\$\d+/g)).size;
      return frame("1");
    case "D":
      return Buffer.concat([
        frame("t", int16(parameters.count), ...Array(parameters.count).fill(23)),
        columns("int_one", "text"),
      ]);
    case "B":
      return frame("2");
    case "E":
      return Buffer.concat([row("1", "one"), complete("SELECT 1")]);
    case "S":
      return READY;
    case "Q":
      return body.length === 1
        ? Buffer.concat([frame("I"), READY])
        : Buffer.concat([columns("int_one"), row("1"), complete("SELECT 1"), READY]);
    default:
      return Buffer.alloc(0);
  }
}

/** Starts the server at a free port. */
export async function startFakeServer(
  answer: Answer = (_said, usual) => usual,
): Promise<FakeServer> {
  const sockets = new Set<net.Socket>();
  let accepted = 0;
  const server = net.createServer((socket) => {
    accepted++;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    const parameters = { count: 0 };
    let data: Buffer = Buffer.alloc(0);
    let started = false;
    socket.on("data", (chunk: Uint8Array) => {
      data = Buffer.concat([data, chunk]);
      const words: Uint8Array[] = [];
      for (;;) {
        const head = started ? 5 : 4;
        if (data.length < (started ? 5 : 8)) break;
        const end = data.readUInt32BE(head - 4) + head - 4;
        if (data.length < end) break;
        const request = started ? 0 : data.readUInt32BE(4);
        if (request === CANCEL_REQUEST) return void socket.end();
        if (request === SSL_REQUEST) {
          data = data.subarray(end);
          socket.write("N");
          continue;
        }
        const said = {
          type: started ? String.fromCharCode(data[0]!) : "",
          body: data.subarray(head, end),
        };
        data = data.subarray(end);
        started = true;
        if (said.type === "X") return void socket.end();
        words.push(answer(said, usualAnswer(said, parameters), socket) ?? Buffer.alloc(0));
      }
      if (!socket.destroyed) socket.write(Buffer.concat(words));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    url: (name = "test") =>
      `postgres://user:secret@127.0.0.1:${port}/db?sslmode=disable&application_name=${name}`,
    get accepted() {
      return accepted;
    },
    sockets,
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
