/** Represents a configuration as bytes, as text and as lines. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { ParameterError } from "../errors.ts";
import { readable } from "../connection/packed.ts";

/** A configuration in the forms that the database stores. */
export interface ConfigText {
  /** The text, or a readable form of bytes that are not text, for reading and searching. */
  readonly text: string;
  /** The bytes if the text does not determine them, else null. */
  readonly raw: Uint8Array | null;
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes. */
  readonly hash: Uint8Array;
}

const encoder = new TextEncoder();

/**
 * Converts text or bytes. UTF-8 bytes without NUL become text; other bytes are kept together with a
 * readable text.
 *
 * @throws {ParameterError} the text contains a lone surrogate, or the value is neither text nor bytes.
 */
export function configText(given: string | Uint8Array, field: string, query: string): ConfigText {
  if (typeof given === "string" && !given.isWellFormed()) {
    throw new ParameterError(field, "contains a lone surrogate", { query });
  }
  if (typeof given !== "string" && !(given instanceof Uint8Array)) {
    throw new ParameterError(field, "must be a string or bytes", { query });
  }
  const bytes = typeof given === "string" ? encoder.encode(given) : given;
  const hash = createHash("sha256").update(bytes).digest();
  // Only text with NUL takes the path of bytes.
  const plain = typeof given === "string" && !given.includes("\0");
  return { ...(plain ? { text: given, raw: null } : readable(bytes)), bytes, hash };
}

/**
 * Returns the bytes that the device sent.
 *
 * @param version A version with its text, as `configGet` returns it.
 * @example
 * const device = await deviceGetByHostname.one({ hostname: "example" }, db);
 * const sent = new Uint8Array([0x68, 0x69, 0x00, 0xff, 0x0d, 0x0a]);
 * const { id } = await configSave({ deviceId: device.id, bytes: sent }, db);
 * const version = await configGet.one({ id }, db);
 * console.log(version.configData, configBytes(version)); // readable, and as it was sent
 */
export function configBytes(
  { configData, raw }: { readonly configData: string; readonly raw: Uint8Array | null },
): Uint8Array {
  return raw ?? new Uint8Array(Buffer.from(configData, "utf8"));
}

/** Splits a text into lines. A line feed at the end does not start another line. */
export function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
