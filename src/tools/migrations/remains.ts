/**
 * Handles the remains of migrations that run outside a transaction: of a failed one, or
 * of one whose migrator was killed before it recorded the migration.
 */
import type { ToolConnection } from "../connection.ts";
import type { MigrationError } from "./error.ts";
import type { MigrationFile } from "./files.ts";
import { type ExistingIndex, existingIndex, invalidIndexesOf } from "./indexes.ts";
import { readStatements } from "./statements.ts";

/** SQLSTATEs of existing objects: relation, object, column, schema, function, database. */
const EXISTS = new Set(["42P07", "42710", "42701", "42P06", "42723", "42P04"]);
/** SQLSTATEs of missing objects: object, relation, column, schema, function, database. */
const MISSING = new Set(["42704", "42P01", "42703", "3F000", "42883", "3D000"]);

/**
 * Records a failed file as applied if its index already exists and the file certainly
 * has nothing else to do.
 *
 * @returns Whether it recorded the file.
 */
export async function adoptExistingIndex(
  file: MigrationFile,
  error: MigrationError,
  connection: ToolConnection,
  log: (line: string) => void,
): Promise<boolean> {
  if (error.sqlState !== "42P07") return false;
  const index = await existing(file, connection);
  if (!index?.certain) return false;
  const note = "insert into public.schema_migrations (version) values ($1) on conflict do nothing";
  await connection.ask(note, [file.version]);
  log(
    `Recorded: "${file.file}" was already applied: index ${index.name} is valid ` +
      "and equals the file's definition",
  );
  return true;
}

/** Returns the end of a failure's message: the remains of the file, and advice; may be empty. */
export async function describeRemains(
  file: MigrationFile,
  direction: "up" | "down",
  { sqlState = "" }: MigrationError,
  connection: ToolConnection,
): Promise<string> {
  // The failure itself must be reported, even if these queries fail.
  const left = direction === "down" ? [] : await invalidIndexesOf(file, connection).catch(() => []);
  const names = left.filter(({ pid }) => pid === null).map(({ name }) => name).join(", ");
  if (names !== "") return `; it left ${names} invalid: the next \`make migrate\` repairs them`;

  const drops = readStatements(file.sql[direction]).some((words) => words.includes("drop"));
  if (!EXISTS.has(sqlState) && !(drops && MISSING.has(sqlState))) return "";
  const note = direction === "up"
    ? `insert into public.schema_migrations (version) values ('${file.version}')`
    : `delete from public.schema_migrations where version = '${file.version}'`;
  const index = sqlState === "42P07" ? await existing(file, connection) : undefined;
  const definition = index === undefined ? "" : `; the existing index is "${index.definition}"`;
  return `${definition}; this file runs outside a transaction, and a killed run may have applied it ` +
    "without a record: compare the database with the file; if all of it is applied, record it by " +
    `${note}; if not, remove the conflicting objects; then run \`make ${
      direction === "up" ? "migrate" : "rollback"
    }\` again`;
}

async function existing(
  file: MigrationFile,
  connection: ToolConnection,
): Promise<ExistingIndex | undefined> {
  return await existingIndex(file, connection).catch(() => undefined);
}
