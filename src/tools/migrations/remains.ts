/**
 * What a file that runs outside a transaction leaves when it fails, or is found
 * to have done when its migrator was killed before it could note it.
 */
import type { ToolConnection } from "../connection.ts";
import type { MigrationError } from "./error.ts";
import type { MigrationFile } from "./files.ts";
import { invalidIndexesOf, type StandingIndex, standingIndex } from "./indexes.ts";
import { readStatements } from "./statements.ts";

/** SQLSTATEs for what is there already: relation, object, column, schema, function, database. */
const THERE = new Set(["42P07", "42710", "42701", "42P06", "42723", "42P04"]);
/** SQLSTATEs for what is not there: object, relation, column, schema, function, database. */
const GONE = new Set(["42704", "42P01", "42703", "3F000", "42883", "3D000"]);

/**
 * Notes a file as applied that failed because the index it builds is there
 * already, where it is certain that nothing else is left of the file to do.
 *
 * @returns Whether it did.
 */
export async function adoptStandingIndex(
  file: MigrationFile,
  error: MigrationError,
  connection: ToolConnection,
  log: (line: string) => void,
): Promise<boolean> {
  if (error.sqlState !== "42P07") return false;
  const index = await standing(file, connection);
  if (!index?.certain) return false;
  const note = "insert into public.schema_migrations (version) values ($1) on conflict do nothing";
  await connection.ask(note, [file.version]);
  log(
    `Noted: "${file.file}" was applied, but not noted: index ${index.name} is valid, ` +
      "and just what the file builds",
  );
  return true;
}

/** The end of the message of a failure: what is left, and what becomes of it; may be empty. */
export async function describeRemains(
  file: MigrationFile,
  direction: "up" | "down",
  { sqlState = "" }: MigrationError,
  connection: ToolConnection,
): Promise<string> {
  // The failure itself is what must be told, whatever becomes of these questions.
  const left = direction === "down" ? [] : await invalidIndexesOf(file, connection).catch(() => []);
  const names = left.filter(({ pid }) => pid === null).map(({ name }) => name).join(", ");
  if (names !== "") return `; it left ${names} invalid: the next \`make migrate\` repairs that`;

  const drops = readStatements(file.sql[direction]).some((words) => words.includes("drop"));
  if (!THERE.has(sqlState) && !(drops && GONE.has(sqlState))) return "";
  const note = direction === "up"
    ? `insert into public.schema_migrations (version) values ('${file.version}')`
    : `delete from public.schema_migrations where version = '${file.version}'`;
  const index = sqlState === "42P07" ? await standing(file, connection) : undefined;
  const stands = index === undefined ? "" : `; it stands as "${index.definition}"`;
  return `${stands}; this file runs outside a transaction, and a killed run may have done it ` +
    "without noting it: compare the database with the file, and where all of it is done, note it: " +
    `${note}; where it is not, take away what stands in its way; then run \`make ${
      direction === "up" ? "migrate" : "rollback"
    }\` again`;
}

async function standing(
  file: MigrationFile,
  connection: ToolConnection,
): Promise<StandingIndex | undefined> {
  return await standingIndex(file, connection).catch(() => undefined);
}
