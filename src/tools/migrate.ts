/** Migrates the schema: `make migrate`, `rollback`, `status`, `migration` and `schema`. */
import { loadConfig } from "../config/load.ts";
import { DatabaseError } from "../errors.ts";
import { main as probe } from "./check.ts";
import { MISUSE, runCommand } from "./command.ts";
import { newMigration } from "./migrations/files.ts";
import {
  migrate,
  type Migration,
  type MigrationStatus,
  rollback,
  status,
} from "./migrations/migrator.ts";
import { writeSchema } from "./migrations/schema_file.ts";

const USAGE = "Usage: migrate up | rollback | status | new <verb_noun> | schema";

/** The command line. Returns the exit code: 0, 1 for a failure, 2 for misuse. */
export async function main(args: readonly string[]): Promise<number> {
  const [command = "", ...rest] = args;
  const log = (line: string) => console.log(line);
  const wanted = { up: 0, rollback: 0, status: 0, schema: 0, new: 1 }[command];
  if (wanted === undefined || rest.length !== wanted) {
    console.error(USAGE);
    return MISUSE;
  }
  try {
    if (command === "new") {
      log(`Wrote: ${await newMigration(rest[0]!)}`);
      return 0;
    }
    if (command === "schema") {
      return await writeSchema({ log }) ? 0 : 1;
    }
    const { target: url, ...trust } = await (await loadConfig()).database.migration();
    const options = { url, ...trust, log };
    if (command === "status") return printStatus(await status(options));
    const { done, total } = command === "up" ? await migrate(options) : await rollback(options);
    const verb = command === "up" ? "Applied" : "Rolled back";
    log(`${verb} ${done.length} migrations, ${total} in total`);
    if (command === "rollback") return 0;
    return await probe([]);
  } catch (error) {
    if (error instanceof TypeError && command === "new") {
      console.error(error.message);
      return MISUSE;
    }
    if (!(error instanceof DatabaseError)) throw error;
    const hint = error.sqlState === "42501" && error.code !== "CREATE_DATABASE"
      ? "; set DATABASE_MIGRATION_URL or database.migration_url to the owner's URL"
      : "";
    console.error(error.message + hint);
    return 1;
  }
}

function printStatus(state: MigrationStatus): number {
  const lines = Object.entries({
    applied: state.applied,
    EDITED: state.edited,
    MISSING: state.missing,
    NEWER: state.newer,
    pending: state.pending,
  }).flatMap(([word, list]) =>
    (list as readonly Migration[]).map(({ version, name }) => ({
      version,
      text: `${version} ${name}`,
      word,
    }))
  );
  lines.sort((a, b) => a.version < b.version ? -1 : 1);
  for (const { text, word } of lines) console.log(`${word.padEnd(8)} ${text}`);
  console.log(`${state.applied.length} applied, ${state.pending.length} pending`);
  return state.edited.length + state.missing.length + state.newer.length > 0 ? 1 : 0;
}

runCommand(import.meta.url, main);
