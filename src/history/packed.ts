/** What devices sent, as `device_configurations.packed` keeps it: compressed by Brotli. */
import type { CompressCallback } from "node:zlib";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** A row as the database has it: packed, or a text of before there was packing. */
export interface PackedRow {
  readonly packed: Uint8Array | null;
}

/** Of a scale to 11. Leaves less than gzip, for half as much time again; the next ones leave 1 % less. */
const QUALITY = 5;

/** Compresses what a device sent. */
export async function pack(bytes: Uint8Array): Promise<Uint8Array> {
  const { brotliCompress, constants } = await import("node:zlib");
  const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY };
  return await done((given) => brotliCompress(bytes, { params }, given));
}

/** The row with its text as `configData`, and as `raw` the bytes where the text does not tell them. */
export async function unpackRow<Row>(row: PackedRow): Promise<Row> {
  const { packed, ...rest } = row;
  if (packed === null) return rest as Row;
  const { brotliDecompress } = await import("node:zlib");
  const { text, raw } = readable(await done((given) => brotliDecompress(packed, given)));
  return { ...rest, configData: text, raw } as Row;
}

/**
 * Bytes as text. Where they are no UTF-8, or hold NUL, U+FFFD stands for what is none and U+2400
 * for NUL, and `raw` has the bytes.
 */
export function readable(bytes: Uint8Array): { text: string; raw: Uint8Array | null } {
  let text: string | undefined;
  try {
    text = strict.decode(bytes);
  } catch {
    // No UTF-8.
  }
  if (text !== undefined && !text.includes("\0")) return { text, raw: null };
  return { text: (text ?? lenient.decode(bytes)).replaceAll("\0", "\u2400"), raw: bytes };
}

/** In a thread of its own, so that a large one keeps nobody waiting. */
function done(work: (given: CompressCallback) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    work((error, result) => error === null ? resolve(new Uint8Array(result)) : reject(error));
  });
}
