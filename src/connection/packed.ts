/** Compresses configurations with Brotli for `device_configurations.packed`. */
import type { CompressCallback } from "node:zlib";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** A row of the database: compressed, or an older row with plain text. */
export interface PackedRow {
  readonly packed: Uint8Array | null;
}

/** Brotli's quality, up to 11. Smaller than gzip at 1.5 times its time; higher qualities save 1 %. */
const BROTLI_QUALITY = 5;

/** Compresses a configuration. */
export async function pack(bytes: Uint8Array): Promise<Uint8Array> {
  const { brotliCompress, constants } = await import("node:zlib");
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
  return await done((given) => brotliCompress(bytes, { params }, given));
}

/** Decompresses a row: the text as `configData`, and the bytes as `raw` if the text cannot represent them. */
export async function unpackRow<Row>(row: PackedRow): Promise<Row> {
  const { packed, ...rest } = row;
  if (packed === null) return rest as Row;
  const { brotliDecompress } = await import("node:zlib");
  const { text, raw } = readable(await done((given) => brotliDecompress(packed, given)));
  return { ...rest, configData: text, raw } as Row;
}

/**
 * Decodes bytes as text. If they are not valid UTF-8 or contain NUL, `raw` has the bytes, and the
 * text has U+FFFD for invalid bytes and U+2400 for NUL.
 */
export function readable(bytes: Uint8Array): { text: string; raw: Uint8Array | null } {
  let text: string | undefined;
  try {
    text = strict.decode(bytes);
  } catch {
    // The bytes are not UTF-8.
  }
  if (text !== undefined && !text.includes("\0")) return { text, raw: null };
  return { text: (text ?? lenient.decode(bytes)).replaceAll("\0", "\u2400"), raw: bytes };
}

/** Runs zlib's asynchronous functions, whose threads do not block the event loop. */
function done(work: (given: CompressCallback) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    work((error, result) => error === null ? resolve(new Uint8Array(result)) : reject(error));
  });
}
