/** Grants the roles of a migrated database their privileges again: `make roles`. */
import { loadConfig } from "../config/load.ts";
import { DatabaseError } from "../errors.ts";
import { main as probe } from "./check.ts";
import { runCommand } from "./command.ts";
import { applyRoles, namesMissingObject } from "./migrations/roles.ts";

async function main(): Promise<number> {
  try {
    await applyRoles(await (await loadConfig()).database.migration(), console.log);
    return await probe([]);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const hint = namesMissingObject(error) ? "; run: make migrate" : "";
    console.error(`❌ ${error.message}${hint}`);
    return 1;
  }
}

runCommand(import.meta.url, main);
