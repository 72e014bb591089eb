/** Removes secrets from texts before they leave the process. */
import { Buffer } from "node:buffer";
import { Secret } from "../vault/secret.ts";

const REDACTED = "[redacted]";

/** A growing set of secrets to redact. */
export class Redaction {
  readonly #forms = new Set<string>();
  #pattern: RegExp | undefined;

  /** @param secrets Empty strings are ignored. */
  constructor(secrets: readonly (string | Secret)[] = []) {
    this.add(...secrets);
  }

  /** Adds secrets: their plain form and their JSON, URL and Base64 encodings. */
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
    // Longest first, because one secret may be a prefix of another.
    const forms = [...this.#forms].sort((a, b) => b.length - a.length);
    if (forms.length === 0) return;
    this.#pattern = new RegExp(forms.map(literal).join("|"), "g");
  }

  /** Returns the text with `[redacted]` instead of each secret. */
  apply(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, REDACTED);
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
