/** The configured key ring: each key comes from an environment variable or from its own file. */
import { Buffer } from "node:buffer";
import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { ConfigError } from "../errors.ts";
import type { KeyProvider } from "./vault.ts";

/** The source of one key: an environment variable or a file. */
export type KeySource =
  | { readonly env: string; readonly file?: undefined }
  | { readonly file: string; readonly env?: undefined };

/** The configuration's key ring. */
export interface KeyRingConfig {
  /** The key that seals. */
  readonly active: string;
  readonly sources: Readonly<Record<string, KeySource>>;
  /** Returns the current value of an environment variable. */
  readonly variable: (name: string) => string | undefined;
}

const KEY_BYTES = 32;
/** A key has 44 characters: a much longer file holds something else. */
const MAX_KEY_FILE_BYTES = 1000;

/** Returns a provider that reads each configured key when it is requested. */
export function keyRing({ active, sources, variable }: KeyRingConfig): KeyProvider {
  return {
    active,
    keyIds: Object.keys(sources),
    async key(keyId) {
      const source = sources[keyId]!;
      const path = `vault.keys.${keyId}`;
      if (source.file !== undefined) return decodeKey(await readKeyFile(source.file, path), path);
      const text = variable(source.env);
      if (text !== undefined) return decodeKey(text, path);
      throw new ConfigError(`The environment variable ${source.env} is not set`, { path });
    },
  };
}

/** Whether the file exists, whatever it contains. */
export async function hasKeyFile(file: string): Promise<boolean> {
  return await stat(file).then(() => true, ({ code }: { code?: unknown }) => code !== "ENOENT");
}

/** Implements `keysGenerate` of `credentials/mod.ts`. */
export async function keysGenerate({ file }: { file?: string } = {}): Promise<string> {
  const text = Buffer.from(crypto.getRandomValues(new Uint8Array(KEY_BYTES))).toString("base64");
  if (file === undefined) return text;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(file, "wx", 0o600);
    try {
      await handle.writeFile(`${text}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as { code?: unknown };
    const problem = code === "EEXIST"
      ? "exists already: a key that may have sealed rows is never overwritten"
      : `cannot be written: the system says ${typeof code === "string" ? code : "no reason"}`;
    throw new ConfigError(`The key's file ${problem}`, { file });
  }
  return text;
}

async function readKeyFile(file: string, path: string): Promise<string> {
  const problem = (message: string) => new ConfigError(message, { file, path });
  let handle;
  try {
    // Opening a pipe would wait for its writer.
    if (!(await stat(file)).isFile()) throw problem("The key's file is not a regular file");
    handle = await open(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code, name } = error as { code?: unknown; name?: unknown };
    if (code === "ENOENT") {
      throw problem("The key's file is missing: restore it, or run: make keys-generate");
    }
    const why = name === "NotCapable"
      ? "permission denied (on Deno, add it to --allow-read)"
      : code === "EACCES"
      ? "permission denied"
      : `the system says ${typeof code === "string" ? code : "no reason"}`;
    throw problem(`Cannot read the key's file: ${why}`);
  }
  try {
    const { mode, uid, size } = await handle.stat();
    // PostgreSQL's own rule for its TLS key. Windows has no such bits.
    const allowed = uid === 0 ? 0o640 : 0o600;
    if (process.platform !== "win32" && (mode & 0o777 & ~(allowed | 0o100)) !== 0) {
      throw problem(
        "Others can read the key's file: run chmod 600, or chmod 640 if root owns the file and the process is in its group",
      );
    }
    if (size > MAX_KEY_FILE_BYTES) throw problem("The key's file holds more than a key");
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** Decodes base64 of exactly 32 bytes, in either alphabet. */
function decodeKey(text: string, path: string): Uint8Array {
  const trimmed = text.trim();
  const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)
    ? Buffer.from(trimmed, "base64")
    : Buffer.alloc(0);
  if (bytes.length === KEY_BYTES) return bytes;
  throw new ConfigError(
    `The key is not the base64 of exactly ${KEY_BYTES} bytes; to generate one, run: make keys-generate`,
    { path },
  );
}
