/**
 * The client side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): client and server
 * prove to each other that they know the password without sending it.
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { ProtocolError } from "./messages.ts";
import { preparePassword } from "./saslprep.ts";

/** PostgreSQL requests 4,096 rounds. A million rounds take about a second on another thread. */
const MAX_ROUNDS = 1_000_000;
const hashRounds = promisify(pbkdf2);

/** How a login is bound to its TLS connection. */
export type ChannelBinding =
  /** The connection has no TLS, or the server's certificate has no hash to bind to. */
  | { readonly kind: "none" }
  /** The client supports binding, but saw no offer: a server that sent one detects the man in the middle. */
  | { readonly kind: "unused" }
  /** SCRAM-SHA-256-PLUS: the hash of the server's certificate, `tls-server-end-point` of RFC 5929. */
  | { readonly kind: "bound"; readonly hash: Uint8Array };

/** The client's state of one exchange. */
export class Scram {
  /** The mechanism's name for the server. */
  readonly mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-256-PLUS";
  readonly #password: string;
  readonly #header: string;
  readonly #binding: Uint8Array;
  readonly #nonce = randomBytes(18).toString("base64");
  #signature: Buffer | undefined;

  constructor(password: string, binding: ChannelBinding) {
    this.#password = preparePassword(password);
    this.mechanism = binding.kind === "bound" ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
    this.#header = { none: "n,,", unused: "y,,", bound: "p=tls-server-end-point,," }[binding.kind];
    this.#binding = binding.kind === "bound" ? binding.hash : new Uint8Array();
  }

  /** Returns the first message. PostgreSQL takes the user's name from the startup message. */
  first(): string {
    return `${this.#header}${this.#bare}`;
  }

  /**
   * Returns the answer to the server's first message.
   *
   * @throws {ProtocolError} the message is malformed, its nonce does not extend the client's nonce,
   *   or the server requests too many rounds of hashing.
   */
  async final(serverFirst: string): Promise<string> {
    const parts =
      /^r=([\x21-\x2b\x2d-\x7e]+),s=((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)),i=([1-9]\d{0,9})$/
        .exec(
          serverFirst,
        );
    if (parts === null) throw new ProtocolError("sent a malformed SCRAM message");
    const [, nonce, salt, rounds] = parts as unknown as [string, string, string, string];
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new ProtocolError("answered another login (its SCRAM nonce is wrong)");
    }
    if (Number(rounds) > MAX_ROUNDS) {
      const problem = `requests more than ${MAX_ROUNDS} rounds of hashing`;
      throw new ProtocolError(problem, "untrusted");
    }
    const salted = await hashRounds(
      this.#password,
      Buffer.from(salt, "base64"),
      Number(rounds),
      32,
      "sha256",
    );
    const header = Buffer.concat([Buffer.from(this.#header), this.#binding]).toString("base64");
    const withoutProof = `c=${header},r=${nonce}`;
    const signed = `${this.#bare},${serverFirst},${withoutProof}`;
    const clientKey = hmac(salted, "Client Key");
    const proof = hmac(createHash("sha256").update(clientKey).digest(), signed);
    for (let i = 0; i < proof.length; i++) proof[i]! ^= clientKey[i]!;
    this.#signature = hmac(hmac(salted, "Server Key"), signed);
    return `${withoutProof},p=${proof.toString("base64")}`;
  }

  /** Whether the server's last message proves that it knows the password. */
  verify(serverFinal: string): boolean {
    const said = /^v=([A-Za-z0-9+/]{43}=)$/.exec(serverFinal)?.[1];
    if (said === undefined || this.#signature === undefined) return false;
    return timingSafeEqual(Buffer.from(said, "base64"), this.#signature);
  }

  get #bare(): string {
    return `n=,r=${this.#nonce}`;
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
