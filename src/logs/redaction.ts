/** Takes secrets out of a text before it leaves the process. */
import { Buffer } from "node:buffer";
import { Secret } from "../vault/secret.ts";

const REDACTED = "[redacted]";

/** What is known of secrets so far. */
export class Redaction {
  readonly #forms = new Set<string>();
  #pattern: RegExp | undefined;

  /** @param secrets An empty one hides nothing. */
  constructor(secrets: readonly (string | Secret)[] = []) {
    this.add(...secrets);
  }

  /** Hides these from now on: as they are, and as JSON, URLs and Base64 write them. */
  add(...secrets: readonly (string | Secret)[]): void {
    for (const secret of secrets) {
      const text = secret instanceof Secret ? secret.reveal() : secret;
      if (text === "") continue;
      const bytes = Buffer.from(text);
      const forms = [
        text,
        JSON.stringify(text).slice(1, -1),
        encodeURIComponent(bytes.toString()),
        bytes.toString("base64"),
        bytes.toString("base64url"),
      ];
      for (const form of forms) this.#forms.add(form);
    }
    // The longest first: a secret may be the beginning of another.
    const forms = [...this.#forms].sort((a, b) => b.length - a.length);
    if (forms.length === 0) return;
    this.#pattern = new RegExp(forms.map(literal).join("|"), "g");
  }

  /** @returns The text with `[redacted]` in the place of each secret. */
  apply(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, REDACTED);
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
