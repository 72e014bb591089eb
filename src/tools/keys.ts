/**
 * Manages the keys of the sealed columns. `make keys-generate`, `keys-check`, `keys-rotate`,
 * `keys-status` and `keys-retire` call:
 *
 *     node --import tsx src/tools/keys.ts generate [<id>] [<file>] | check | rotate | status | retire <id>
 */
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { Database } from "../client.ts";
import { type Config, loadConfig } from "../config/load.ts";
import { isKeyId } from "../vault/envelope.ts";
import { ConfigError } from "../errors.ts";
import { hasKeyFile, keysGenerate } from "../vault/key_ring.ts";
import {
  keysCheck,
  keysRetire,
  keysRotate,
  keysStatus,
  type RotationProgress,
  type UnopenedValue,
} from "../credentials/key_rotation.ts";
import type { KeyState } from "../credentials/key_states.ts";
import { everySecond, type Log, MISUSE, orFailure, runCommand } from "./command.ts";

const USAGE = "Usage: keys generate [<id>] [<file>] | check | rotate | status | retire <id>";

/**
 * Generates the missing files of the configured key ring.
 *
 * @returns The number of new keys; undefined if no key ring is configured.
 * @throws {ConfigError} a file cannot be written.
 */
export async function makeMissingKeys(
  { vault }: Config,
  log: Log,
): Promise<number | undefined> {
  if (vault === undefined) return undefined;
  let made = 0;
  for (const [keyId, { file, env }] of Object.entries(vault.sources)) {
    if (file === undefined) {
      if (vault.variable(env) === undefined) {
        log(`The environment variable ${env} of key "${keyId}" is not set`);
      }
      continue;
    }
    if (await hasKeyFile(file)) continue;
    await keysGenerate({ file });
    log(`Generated key "${keyId}": ${shown(file)}`);
    made++;
  }
  return made;
}

/** Generates a new key, and prints its lines for the configuration. */
async function makeKey(config: Config, keyId: string, given: string | undefined, log: Log) {
  if (!isKeyId(keyId)) {
    throw new ConfigError(
      "The key's name is invalid: write lower-case letters, digits, hyphens and underscores",
    );
  }
  const active = config.vault?.sources[config.vault.active]?.file;
  const file = given ?? (active === undefined ? undefined : join(dirname(active), keyId));
  if (file === undefined) {
    throw new ConfigError("The active key is not in a file: name the new key's file by file=");
  }
  await keysGenerate({ file });
  const beside = config.file === undefined ? process.cwd() : dirname(config.file);
  const path = relative(beside, file);
  log(`Generated key "${keyId}": ${shown(file)}`);
  log("Copy the key to every process and add it to the configuration, not active yet:");
  log(`  vault:\n    keys:\n      ${keyId}: { file: ${JSON.stringify(path)} }`);
}

/** Opens the database as the owner of the tables, or as `netraven_rotator` if DATABASE_URL names it. */
async function openAsOwner(config: Config): Promise<Database> {
  const database = { ...config.database, ...await config.database.migration() };
  const logging = { ...config.logging, level: "silent" as const };
  const db = new Database({ ...config, database, logging }, console);
  await db.ready();
  return db;
}

async function check(db: Database, log: Log): Promise<boolean> {
  const { keys, opened, unopened, problem } = await keysCheck(db);
  log(table(keys));
  log(
    `${opened} encrypted values can be decrypted${
      unopened.length === 0 ? "" : `, ${unopened.length} cannot`
    }`,
  );
  printUnopened(unopened, log);
  if (problem !== undefined) log(`❌ ${problem.message}`);
  const fine = problem === undefined && unopened.length === 0;
  if (fine) log("✅ Every key in use is loaded and decrypts its values");
  return fine;
}

async function rotate(db: Database, log: Log): Promise<boolean> {
  const { keys } = await keysStatus(db);
  const total = keys.filter(({ active }) => !active).reduce((sum, { rows }) => sum + rows, 0);
  const onProgress = everySecond(
    log,
    ({ rotated, pass }: RotationProgress) =>
      `${rotated} of about ${total} values re-encrypted (pass ${pass})`,
  );
  const { keyId, rotated, unopened } = await keysRotate({}, db, { onProgress });
  log(
    `${
      unopened.length === 0 ? "✅" : "❌"
    } ${rotated} values are now encrypted with key "${keyId}"`,
  );
  printUnopened(unopened, log);
  return unopened.length === 0;
}

async function status(db: Database, log: Log): Promise<boolean> {
  const { keys, unsealed } = await keysStatus(db);
  log(table(keys));
  if (unsealed.length > 0) {
    log(
      `These credentials are encrypted with no key; set their passwords again: ${
        unsealed.join(", ")
      }`,
    );
  }
  return keys.every(({ problem }) => problem === undefined);
}

function table(keys: readonly KeyState[]): string {
  const day = (date: Date | undefined) => date?.toISOString().slice(0, 10) ?? "-";
  const rows = keys.map((key) => [
    key.keyId,
    key.active ? "active" : key.loaded ? "loaded" : "not loaded",
    String(key.rows),
    day(key.createdAt),
    day(key.retiredAt),
    key.problem ?? "",
  ]);
  const all = [["key", "ring", "rows", "created", "retired", "problem"], ...rows];
  const widths = all[0]!.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  return all.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd())
    .join("\n");
}

function printUnopened(unopened: readonly UnopenedValue[], log: Log): void {
  for (const { table, column, id, keyId } of unopened.slice(0, 20)) {
    log(`   ${table}.${column} of row ${id} does not open with key "${keyId}"`);
  }
  if (unopened.length > 20) log(`   … and ${unopened.length - 20} more`);
}

/** Returns a path relative to the working directory, if it is inside. */
function shown(file: string): string {
  const short = relative(process.cwd(), file);
  return short.startsWith("..") ? file : short;
}

/** The command line. Returns the exit code: 0, 1 for a failure, 2 for misuse. */
export async function main(args: readonly string[], log: Log = console.log): Promise<number> {
  const [command = "", first, second] = args.filter((arg) => arg !== "");
  const wanted: Record<string, readonly number[]> = {
    generate: [0, 1, 2],
    check: [0],
    rotate: [0],
    status: [0],
    retire: [1],
  };
  const given = [first, second].filter((arg) => arg !== undefined).length;
  if (!wanted[command]?.includes(given)) {
    console.error(USAGE);
    return MISUSE;
  }
  return await orFailure(async () => {
    const config = await loadConfig();
    if (command === "generate") {
      if (first !== undefined) {
        await makeKey(config, first, second, log);
        return 0;
      }
      const made = await makeMissingKeys(config, log);
      if (made === undefined) {
        throw new ConfigError("The configuration has no key ring: name the new key by id=");
      }
      if (made === 0) log("No key file is missing; for a new key, give its name, as in id=2026b");
      return 0;
    }
    await using db = await openAsOwner(config);
    if (command === "retire") {
      const retiredAt = await keysRetire({ keyId: first! }, db);
      log(`✅ Key "${first}" was retired at ${retiredAt.toISOString()}`);
      return 0;
    }
    const act = { check, rotate, status }[command as "check" | "rotate" | "status"];
    return await act(db, log) ? 0 : 1;
  });
}

runCommand(import.meta.url, main);
