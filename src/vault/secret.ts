/** A text that must not be printed or logged. */
import { textProblem } from "./text.ts";
import { ParameterError } from "../errors.ts";

const REDACTED = "[redacted]";
const encoder = new TextEncoder();
// A leading U+FEFF belongs to the text.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Holds a password that no print, log line, JSON or error shows: only `reveal` returns the
 * text. The secret stores bytes, because a heap snapshot lists strings.
 *
 * @example
 * const password = new Secret("swordfish");
 * console.log(`${password}`, JSON.stringify({ password }), password); // [redacted] in all three
 * console.log(password.reveal().length); // 9
 */
export class Secret {
  readonly #bytes: Uint8Array;

  /**
   * @param text The text, or its UTF-8 bytes, which are not copied.
   * @throws {ParameterError} the text holds a NUL character or a lone surrogate.
   */
  constructor(text: string | Uint8Array) {
    if (typeof text === "string") {
      const problem = textProblem(text);
      if (problem !== undefined) throw new ParameterError("secret", problem);
      this.#bytes = encoder.encode(text);
    } else if (text instanceof Uint8Array) {
      this.#bytes = text;
    } else {
      throw new ParameterError("secret", "must be a string");
    }
  }

  /**
   * Returns the plain text.
   *
   * @throws {TypeError} the secret was made of bytes that are not UTF-8.
   */
  reveal(): string {
    return decoder.decode(this.#bytes);
  }

  /** Returns a copy of the text's UTF-8 bytes. */
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }

  [Symbol.for("Deno.customInspect")](): string {
    return REDACTED;
  }
}
