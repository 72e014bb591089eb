/**
 * Logs in over a socket: a session begins only after a complete, verified exchange, and the
 * password goes only to a server that has proved its identity or is trusted.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { certificateHash } from "./channel_binding.ts";
import { atDeadline } from "../deadline.ts";
import { ConnectionError, TimeoutError } from "../errors.ts";
import {
  authentication,
  backendKey,
  checkNotice,
  cstring,
  errorResponse,
  HEADER,
  message,
  nameOf,
  parameterStatus,
  ProtocolError,
  readyStatus,
  SERVER,
  startupMessage,
} from "./messages.ts";
import { type ChannelBinding, Scram } from "./scram.ts";
import type { Dialled } from "./socket.ts";
import { startupError } from "./sqlstate.ts";
import { formatTarget, type Target } from "../config/url.ts";

/** Options of a login. */
export interface LoginOptions {
  readonly target: Target;
  /** Whether an unverified server may receive the password or its MD5 hash. */
  readonly allowCleartextPassword?: boolean;
}

/** A session after its login. Its socket is paused. */
export interface Session {
  readonly socket: Socket;
  /** The key for a cancel request; undefined if the server sent none. */
  readonly key: { readonly pid: number; readonly secret: number } | undefined;
  /** The settings that the server reported. */
  readonly settings: ReadonlyMap<string, string>;
  /** The bytes after the last message of the login. */
  readonly rest: Buffer;
}

/** Maximum bytes of the server's login messages, which usually have a few hundred. */
const MAX_BYTES = 65_536;

const OK = 0;
const CLEARTEXT_PASSWORD = 3;
const MD5_PASSWORD = 5;
const SASL = 10;
const SASL_CONTINUE = 11;
const SASL_FINAL = 12;
/** The login methods that this layer does not support. */
const OTHER_METHODS: Readonly<Record<number, string>> = {
  2: "Kerberos V5",
  4: "crypt",
  6: "SCM credentials",
  7: "GSSAPI",
  8: "GSSAPI",
  9: "SSPI",
};

/** The client refuses the login, although the server kept to the protocol. */
class Refusal extends Error {
  readonly reason: "untrusted" | "authentication";
  constructor(reason: "untrusted" | "authentication", problem: string) {
    super(problem);
    this.reason = reason;
  }
}

/**
 * Sends the startup message, authenticates, and waits until the server is ready.
 *
 * @param startup The settings of the startup message, including user and database.
 * @param until The deadline on `performance.now()`.
 * @throws {ConnectionError} the server refuses, is not trusted, or does not speak the protocol.
 * @throws {TimeoutError} kind `connect`.
 */
export async function logIn(
  { socket, trusted }: Dialled,
  options: LoginOptions,
  startup: Readonly<Record<string, string>>,
  until: number,
): Promise<Session> {
  const where = `Cannot connect to ${formatTarget(options.target)}`;
  const waited = Math.round(until - performance.now());
  const messages = new LoginMessages(socket);
  const arrived = atDeadline(until, () => {
    messages.fail(new TimeoutError("connect", `${where}: no answer within ${waited} ms`));
  });
  try {
    socket.write(startupMessage(startup));
    const mayReveal = trusted || options.allowCleartextPassword === true;
    await authenticate(socket, messages, options.target, mayReveal);
    const { key, settings } = await begin(messages);
    return { socket, key, settings, rest: messages.rest() };
  } catch (error) {
    socket.destroy();
    if (error instanceof ProtocolError) {
      throw new ConnectionError(error.reason, `${where}: the server ${error.message}`);
    }
    if (error instanceof Refusal) {
      throw new ConnectionError(error.reason, `${where}: ${error.message}`);
    }
    if (error instanceof ServerRefusal) throw startupError(error.said, where);
    if (error instanceof TimeoutError) throw error;
    throw new ConnectionError(
      "lost",
      `${where}: the connection was closed before the session began`,
    );
  } finally {
    arrived();
  }
}

/** Exchanges the messages from the startup message to AuthenticationOk. */
async function authenticate(
  socket: Socket,
  messages: LoginMessages,
  target: Target,
  mayReveal: boolean,
): Promise<void> {
  const bindingRequired = target.channelBinding === "require";
  const first = await messages.authentication();
  if (bindingRequired && first.code !== SASL) {
    throw new Refusal(
      "untrusted",
      "the server does not offer SCRAM-SHA-256-PLUS, and channel_binding=require needs it",
    );
  }
  switch (first.code) {
    case OK:
      return expectNothing(first.data);
    case CLEARTEXT_PASSWORD:
      expectNothing(first.data);
      if (!mayReveal) throw unverified("the password in clear text");
      socket.write(message("p", cstring(target.password())));
      break;
    case MD5_PASSWORD:
      if (first.data.length !== 4) throw new ProtocolError("sent a malformed MD5 request");
      if (!mayReveal) throw unverified("the password's MD5 hash");
      socket.write(message("p", cstring(md5Answer(target, first.data))));
      break;
    case SASL:
      return await authenticateByScram(socket, messages, target, first.data);
    default:
      throw unknownMethod(first.code);
  }
  const last = await messages.authentication();
  if (last.code !== OK) throw new ProtocolError("requested a second authentication");
  expectNothing(last.data);
}

async function authenticateByScram(
  socket: Socket,
  messages: LoginMessages,
  target: Target,
  offer: Buffer,
): Promise<void> {
  const scram = new Scram(target.password(), bindingOf(socket, target, mechanismsOf(offer)));
  const first = Buffer.from(scram.first());
  const length = Buffer.alloc(4);
  length.writeUInt32BE(first.length);
  socket.write(message("p", Buffer.concat([cstring(scram.mechanism), length, first])));
  const challenge = await messages.authentication();
  if (challenge.code !== SASL_CONTINUE) throw unproved(challenge.code);
  const answer = await scram.final(challenge.data.toString("latin1"));
  socket.write(message("p", Buffer.from(answer)));
  const proof = await messages.authentication();
  if (proof.code !== SASL_FINAL) throw unproved(proof.code);
  if (!scram.verify(proof.data.toString("latin1"))) {
    throw new Refusal(
      "authentication",
      "the server does not prove that it knows the password; it may be an impostor",
    );
  }
  const last = await messages.authentication();
  if (last.code !== OK) throw new ProtocolError("requested a second authentication");
  expectNothing(last.data);
}

/** Reads the messages between AuthenticationOk and the first ReadyForQuery. */
async function begin(messages: LoginMessages): Promise<Pick<Session, "key" | "settings">> {
  const settings = new Map<string, string>();
  let key: Session["key"];
  for (;;) {
    const frame = await messages.next();
    switch (frame[0]) {
      case SERVER.parameterStatus: {
        const { name, value } = parameterStatus(frame);
        settings.set(name, value);
        break;
      }
      case SERVER.backendKeyData:
        key = backendKey(frame);
        break;
      case SERVER.readyForQuery:
        if (readyStatus(frame) !== "idle") {
          throw new ProtocolError("begins the session inside a transaction");
        }
        return { key, settings };
      default:
        throw new ProtocolError(`sent ${nameOf(frame[0]!)} out of order`);
    }
  }
}

function expectNothing(data: Buffer): void {
  if (data.length > 0) throw new ProtocolError("sent an Authentication with a wrong length");
}

function md5Answer({ user, password }: Target, salt: Buffer): string {
  const md5 = (data: Buffer) => createHash("md5").update(data).digest("hex");
  const inner = md5(Buffer.from(password() + user));
  return `md5${md5(Buffer.concat([Buffer.from(inner), salt]))}`;
}

/** Reads the offered mechanisms: texts with a terminating zero byte, and a further zero byte. */
function mechanismsOf(offer: Buffer): string[] {
  const text = offer.toString("latin1");
  if (!/^(?:[A-Z0-9_-]{1,40}\0)+\0$/.test(text)) {
    throw new ProtocolError("sent a malformed list of login methods");
  }
  return text.slice(0, -2).split("\0");
}

function bindingOf(socket: Socket, target: Target, offered: readonly string[]): ChannelBinding {
  const required = target.channelBinding === "require";
  const hash = socket instanceof TLSSocket && target.channelBinding !== "disable"
    ? certificateHash(socket)
    : undefined;
  if (hash !== undefined && offered.includes("SCRAM-SHA-256-PLUS")) return { kind: "bound", hash };
  if (required) {
    const problem = !(socket instanceof TLSSocket)
      ? "the connection has no TLS"
      : hash === undefined
      ? "the server's certificate has no hash to bind to"
      : "the server does not offer SCRAM-SHA-256-PLUS";
    throw new Refusal("untrusted", `${problem}, and channel_binding=require needs it`);
  }
  if (!offered.includes("SCRAM-SHA-256")) {
    throw new Refusal(
      "authentication",
      "the server does not offer SCRAM-SHA-256, the only SASL method of this layer",
    );
  }
  return { kind: hash === undefined ? "none" : "unused" };
}

function unverified(credential: string): Refusal {
  return new Refusal(
    "untrusted",
    `the server requests ${credential}, and nothing verifies its identity; ` +
      "add sslmode=verify-full to the URL, or set database.allow_cleartext_password",
  );
}

function unknownMethod(code: number): Refusal | ProtocolError {
  const name = OTHER_METHODS[code];
  if (name === undefined) return new ProtocolError("requested an unknown login method");
  const problem = `the server requests a login by ${name}, which this layer does not support; ` +
    "write scram-sha-256 for this role in its pg_hba.conf";
  return new Refusal("authentication", problem);
}

/** Returns the error for an exchange that ended without the server's proof. */
function unproved(code: number): Refusal | ProtocolError {
  if (code !== OK) return new ProtocolError("sent a message of another login method");
  return new Refusal(
    "untrusted",
    "the server accepts the login without proving that it knows the password; it may be an impostor",
  );
}

/** The server refused the login. */
class ServerRefusal extends Error {
  readonly said: ReturnType<typeof errorResponse>;
  constructor(said: ReturnType<typeof errorResponse>) {
    super("The server refused");
    this.said = said;
  }
}

/** Reads the server's messages one by one. */
class LoginMessages {
  readonly #socket: Socket;
  #data: Buffer = Buffer.alloc(0);
  #taken = 0;
  #wake: () => void = () => {};
  #failure: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", this.#hear);
    socket.on("close", this.#closed);
    socket.resume();
  }

  /** Waits for the next message that is not a notice. */
  async next(): Promise<Buffer> {
    for (;;) {
      const frame = this.#cut();
      if (frame === undefined) {
        if (this.#failure !== undefined) throw this.#failure;
        await new Promise<void>((resolve) => this.#wake = resolve);
      } else if (frame[0] === SERVER.noticeResponse) checkNotice(frame);
      else if (frame[0] === SERVER.errorResponse) throw new ServerRefusal(errorResponse(frame));
      else return frame;
    }
  }

  /** Waits for the next message, which must be an authentication message. */
  async authentication(): Promise<{ code: number; data: Buffer }> {
    const frame = await this.next();
    if (frame[0] === SERVER.authentication) return authentication(frame);
    if (frame[0] === SERVER.negotiateProtocolVersion) {
      throw new ProtocolError("does not speak version 3.0 of PostgreSQL's protocol");
    }
    throw new ProtocolError(`sent ${nameOf(frame[0]!)} out of order`);
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  /** Stops reading. Returns the bytes that are left. */
  rest(): Buffer {
    this.#socket.pause();
    this.#socket.off("data", this.#hear);
    this.#socket.off("close", this.#closed);
    return this.#data;
  }

  readonly #hear = (chunk: Buffer): void => {
    this.#data = this.#data.length === 0 ? chunk : Buffer.concat([this.#data, chunk]);
    // Nobody consumes messages while this side hashes: a flood must not fill the memory.
    if (this.#data.length > 2 * MAX_BYTES) {
      this.#data = Buffer.alloc(0);
      this.#socket.destroy();
      this.fail(new ProtocolError("sent too much data before the login was complete"));
    }
    this.#wake();
  };

  readonly #closed = (): void => this.fail(new Error("closed"));

  /** Cuts one message off the received bytes. */
  #cut(): Buffer | undefined {
    const data = this.#data;
    if (data.length < HEADER) return undefined;
    const end = 1 + data.readUInt32BE(1);
    const first = this.#taken === 0;
    if (end < HEADER || end > MAX_BYTES || (first && !FIRST.has(data[0]!))) {
      throw new ProtocolError(
        first
          ? "does not speak PostgreSQL's protocol"
          : `sent ${nameOf(data[0]!)} with an impossible length`,
      );
    }
    if (data.length < end) return undefined;
    this.#taken += end;
    if (this.#taken > MAX_BYTES) {
      throw new ProtocolError("sent too much data before the login was complete");
    }
    this.#data = data.subarray(end);
    return data.subarray(0, end);
  }
}

/** The messages with which a server may begin. */
const FIRST: ReadonlySet<number> = new Set([
  SERVER.authentication,
  SERVER.errorResponse,
  SERVER.noticeResponse,
  SERVER.negotiateProtocolVersion,
]);
