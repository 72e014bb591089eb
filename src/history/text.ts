/** What a device sent, as bytes, as text and as lines. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { ParameterError } from "../errors.ts";
import { readable } from "./packed.ts";

/** A configuration on its way into the database. */
export interface ConfigText {
  /** For reading and searching: the text itself, or a readable form of the bytes. */
  readonly text: string;
  /** The bytes, where the text does not tell them. */
  readonly raw: Uint8Array | null;
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes. */
  readonly hash: Uint8Array;
}

const encoder = new TextEncoder();

/**
 * Takes a configuration as text or as bytes. Bytes that are UTF-8 without NUL become text; others
 * are kept as they are, beside a readable text.
 *
 * @throws {ParameterError} a text with a lone surrogate; neither text nor bytes.
 */
export function configText(given: string | Uint8Array, field: string, query: string): ConfigText {
  if (typeof given === "string" && !given.isWellFormed()) {
    throw new ParameterError(field, "holds half of a surrogate pair", { query });
  }
  if (typeof given !== "string" && !(given instanceof Uint8Array)) {
    throw new ParameterError(field, "must be a string or bytes", { query });
  }
  const bytes = typeof given === "string" ? encoder.encode(given) : given;
  const hash = createHash("sha256").update(bytes).digest();
  // A text need not be read from its bytes, but for NUL.
  const plain = typeof given === "string" && !given.includes("\0");
  return { ...(plain ? { text: given, raw: null } : readable(bytes)), bytes, hash };
}

/**
 * The bytes that the device sent.
 *
 * @param version A version with its text, as `configGet` gives it.
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const sent = new Uint8Array([0x68, 0x69, 0x00, 0xff, 0x0d, 0x0a]);
 * const { id } = await configSave(db, { deviceId: device.id, bytes: sent });
 * const version = await configGet.one({ id }, db);
 * console.log(version.configData, configBytes(version)); // readable, and as it was sent
 */
export function configBytes(
  { configData, raw }: { readonly configData: string; readonly raw: Uint8Array | null },
): Uint8Array {
  return raw ?? new Uint8Array(Buffer.from(configData, "utf8"));
}

/** The lines of a text: what stands before each line feed, and after the last one if there is anything. */
export function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
