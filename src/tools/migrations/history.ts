/** Compares the applied migrations with the folder, and refuses a folder that does not match. */
import type { ToolConnection } from "../connection.ts";
import { MigrationError } from "./error.ts";
import type { MigrationFile } from "./files.ts";

/** One migration of the database or the folder. */
export interface Migration {
  readonly version: string;
  /** The name; empty if only the version is known. */
  readonly name: string;
}

/** The database compared with the folder. Each list is oldest first; no migration is in two lists. */
export interface MigrationStatus {
  /** Applied, with an unchanged file. */
  readonly applied: readonly Migration[];
  /** Files that are not applied. */
  readonly pending: readonly Migration[];
  /** Applied, without a file. */
  readonly missing: readonly Migration[];
  /** Applied, with a changed file. */
  readonly edited: readonly Migration[];
  /** Applied, without a file, newer than every file: the database is newer than this code. */
  readonly newer: readonly Migration[];
}

/** The migrator's view of the status. */
export interface MigrationState extends MigrationStatus {
  /** Applied without a recorded checksum: by another tool, or by a migrator that was killed. */
  readonly unrecorded: readonly MigrationFile[];
}

/** Compares the database's records with the files. */
export async function compare(
  connection: ToolConnection,
  files: readonly MigrationFile[],
): Promise<MigrationState> {
  const [tables] = await connection.ask<{ versions: boolean; checksums: boolean }>(TABLES);
  const query = tables?.checksums ? HISTORY : BARE_HISTORY;
  const rows = tables?.versions ? await connection.ask<Applied>(query) : [];

  const byVersion = new Map(files.map((file) => [file.version, file]));
  const newest = files.at(-1)?.version ?? "";
  const applied: Migration[] = [];
  const missing: Migration[] = [];
  const edited: Migration[] = [];
  const newer: Migration[] = [];
  const unrecorded: MigrationFile[] = [];
  for (const { version, name, checksum } of rows) {
    const file = byVersion.get(version);
    byVersion.delete(version);
    if (file === undefined) {
      (version > newest ? newer : missing).push({ version, name: name ?? "" });
    } else if (checksum !== null && checksum !== file.checksum) {
      edited.push({ version, name: file.name });
    } else {
      applied.push({ version, name: file.name });
      if (checksum === null) unrecorded.push(file);
    }
  }
  const pending = [...byVersion.values()].map(({ version, name }) => ({ version, name }));
  return { applied, pending, missing, edited, newer, unrecorded };
}

interface Applied {
  version: string;
  name: string | null;
  checksum: string | null;
}

const TABLES = `
select
  to_regclass('public.schema_migrations') is not null as versions,
  to_regclass('public.schema_checksums') is not null as checksums`;

const HISTORY = `
select m.version, c.name, c.checksum
from public.schema_migrations m
left join public.schema_checksums c on c.version = m.version
order by m.version`;

const BARE_HISTORY = `
select version, null as name, null as checksum
from public.schema_migrations
order by version`;

/** Throws if an applied migration is missing or edited, before anything runs. */
export function refuseHistory({ missing, edited, newer }: MigrationState): void {
  if (edited.length > 0) {
    const message = `${names(edited)} changed after the migration was applied; ` +
      "restore the file, and write a new migration for the change";
    throw new MigrationError("EDITED", message);
  }
  if (missing.length > 0) {
    const message = `${names(missing)} is applied, but the file is missing; ` +
      "restore the file from the repository's history";
    throw new MigrationError("MISSING", message);
  }
  if (newer.length > 0) {
    const message =
      `The database is newer than this code: ${names(newer)} is applied, and this code lacks it; ` +
      "use the matching code, or first roll back with that code";
    throw new MigrationError("NEWER", message);
  }
}

/** Throws if a pending file is older than an applied migration, before anything runs. */
export function refuseOrder({ applied, pending }: MigrationState): void {
  const last = applied.at(-1)?.version ?? "";
  const late = pending.filter(({ version }) => version < last);
  if (late.length === 0) return;
  const message = `${names(late)} is older than ${names(applied.slice(-1))}, which is applied; ` +
    "rename it with a newer timestamp, so that every database applies them in the same order";
  throw new MigrationError("ORDER", message);
}

function names(migrations: readonly Migration[]): string {
  const list = migrations.map(({ version, name }) =>
    `"${name ? `${version}_${name}.sql` : version}"`
  );
  return `${list.length > 1 ? "Migrations" : "Migration"} ${list.join(", ")}`;
}

const CREATE_TABLES = [
  // The table that dbmate would create, with comments.
  `create table if not exists public.schema_migrations (
  version varchar not null primary key
)`,
  `comment on table public.schema_migrations is
  'The migrations that are applied; dbmate writes it.'`,
  `comment on column public.schema_migrations.version is
  'The digits at the start of the file name, a time in UTC.'`,
  `create table if not exists public.schema_checksums (
  version varchar not null primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
)`,
  `comment on table public.schema_checksums is
  'What each applied migration looked like, so that a later edit of its file is found.'`,
  `comment on column public.schema_checksums.version is
  'As in schema_migrations; a row without its counterpart there means nothing.'`,
  `comment on column public.schema_checksums.name is
  'What stands after the version in the file name.'`,
  `comment on column public.schema_checksums.checksum is
  'SHA-256 of the file with plain line ends, in hexadecimal.'`,
  `comment on column public.schema_checksums.applied_at is
  'When it was applied, or first seen where something else had applied it.'`,
];

/** Creates the tables of this tool, and records missing checksums. */
export async function updateRecords(
  state: MigrationState,
  connection: ToolConnection,
  log: (line: string) => void,
): Promise<void> {
  const [tables] = await connection.ask<{ checksums: boolean }>(TABLES);
  if (!tables?.checksums) {
    for (const statement of ["begin", ...CREATE_TABLES, "commit"]) {
      await connection.command(statement);
    }
  }
  for (const file of state.unrecorded) {
    log(`Adopted: recorded the checksum of ${file.file}, which was applied without one`);
    await record(file, connection);
  }
}

const UPSERT = `
on conflict (version) do update set
  name = excluded.name,
  checksum = excluded.checksum,
  applied_at = excluded.applied_at
returning version`;

const ANNOUNCE = `
insert into public.schema_checksums (version, name, checksum)
values ($1, $2, $3)${UPSERT}`;

const RECORD = `
insert into public.schema_checksums (version, name, checksum)
select version, $2::text, $3::text
from public.schema_migrations
where version = $1${UPSERT}`;

/**
 * Records the checksum of a file before it is applied, so that even a killed migrator leaves the
 * checksum of the file that it ran. The record has no meaning until the migration is applied.
 */
export async function announce(file: MigrationFile, connection: ToolConnection): Promise<void> {
  await connection.ask(ANNOUNCE, [file.version, file.name, file.checksum]);
}

/** Records the checksum of an applied file. */
export async function record(file: MigrationFile, connection: ToolConnection): Promise<void> {
  const recorded = await connection.ask(RECORD, [file.version, file.name, file.checksum]);
  if (recorded.length === 1) return;
  throw new MigrationError(
    "DBMATE",
    `dbmate did not apply "${file.file}", although it reported success`,
  );
}
