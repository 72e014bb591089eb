/** Gives the roles of a migrated database what they may do, again: `make roles`. */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { loadConfig, type MigrationConfig } from "../config/load.ts";
import { DatabaseError } from "../errors.ts";
import { MigrationLock } from "./migrations/lock.ts";

/** The roles that the migrations make. */
export const ROLES: readonly string[] = [
  "netraven_migrator",
  "netraven_app",
  "netraven_worker",
  "netraven_readonly",
  "netraven_rotator",
];

/** How long to wait for a migrator, in milliseconds. */
const WAIT = 300_000;

/**
 * Makes the roles that are missing, where the login may, and brings the database to what its migrations list; a
 * second time changes nothing. For roles that an administrator made after the migrations ran.
 *
 * @param log Is told, line by line, what was made, and what is left for somebody who may do more.
 * @throws {DatabaseError} sqlState 42883 where the migration that makes the roles is not applied.
 */
export async function applyRoles(
  address: MigrationConfig,
  log: (line: string) => void,
): Promise<void> {
  const lock = await MigrationLock.take(address, WAIT, log);
  try {
    const lines = await lock.connection.ask<{ line: string }>(
      "select line from public.apply_roles() as applied (line)",
    );
    for (const { line } of lines) log(line);
  } finally {
    await lock.release();
  }
}

async function main(): Promise<number> {
  try {
    await applyRoles(await (await loadConfig()).database.migration(), console.log);
    const { main: check } = await import("./check.ts");
    return await check([]);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const missing = error.sqlState === "42883";
    console.error(
      `❌ ${missing ? "The roles' migration is missing; run: make migrate" : error.message}`,
    );
    return 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  // Not awaited here: check.ts imports this module, and each would wait for the other.
  void main().then((code) => process.exitCode = code);
}
