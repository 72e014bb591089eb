/**
 * Reads along while a server asks who we are. The driver answers whatever it is
 * asked: it hands the password in clear text to a server that says it wants it
 * so, and reckons for hours, in one go, where a server asks for a billion rounds.
 */

const AUTHENTICATION = 0x52;
const OK = 0;
const CLEARTEXT_PASSWORD = 3;
const SASL_CONTINUE = 11;
/** PostgreSQL asks for 4,096 rounds; a million take about a second. */
const MAX_ROUNDS = 1_000_000;
/** What a server says before it lets somebody in is a few hundred bytes. */
const MAX_LENGTH = 65_536;

/** Why a login must not go on. */
export interface Refusal {
  readonly reason: "untrusted" | "protocol";
  /** For a message: what is wrong, and what to do. */
  readonly problem: string;
}

/** The login of one connection. */
export class LoginGuard {
  /** True once the server has let us in: nothing more has to be read. */
  over = false;
  readonly #cleartextAllowed: boolean;
  #unread: Uint8Array = new Uint8Array();

  /** @param cleartextAllowed Whether the server may have the password itself. */
  constructor(cleartextAllowed: boolean) {
    this.#cleartextAllowed = cleartextAllowed;
  }

  /**
   * Takes what the server said, in pieces of any size, before the driver does.
   *
   * @returns Undefined where the login may go on.
   */
  read(chunk: Uint8Array): Refusal | undefined {
    const data = new Uint8Array(this.#unread.length + chunk.length);
    data.set(this.#unread);
    data.set(chunk, this.#unread.length);
    const view = new DataView(data.buffer);
    let at = 0;
    while (data.length - at >= 5) {
      const length = view.getUint32(at + 1);
      if (length > MAX_LENGTH) {
        const problem = "what answers there does not speak PostgreSQL's protocol";
        return { reason: "protocol", problem };
      }
      const end = at + 1 + length;
      if (data.length < end) break;
      if (data[at] === AUTHENTICATION && length >= 8) {
        const code = view.getUint32(at + 5);
        if (code === OK) {
          this.over = true;
          return undefined;
        }
        const problem = this.#problem(code, data.subarray(at + 9, end));
        if (problem !== undefined) return { reason: "untrusted", problem };
      }
      at = end;
    }
    this.#unread = data.subarray(at);
    return undefined;
  }

  #problem(code: number, body: Uint8Array): string | undefined {
    if (code === CLEARTEXT_PASSWORD && !this.#cleartextAllowed) {
      return "the server asks for the password in clear text, and nothing proves who it is; " +
        "add sslmode=verify-full to the URL, or set database.allow_cleartext_password";
    }
    if (code !== SASL_CONTINUE) return undefined;
    const rounds = /(?:^|,)i=(\d+)/.exec(new TextDecoder().decode(body))?.[1];
    if (Number(rounds ?? 0) <= MAX_ROUNDS) return undefined;
    return "the server asks for so many rounds of hashing that it would stop this process";
  }
}
