/** What is applied: the database's notes beside the folder, and what is refused for it. */
import type { ToolConnection } from "../connection.ts";
import { MigrationError } from "./error.ts";
import type { MigrationFile } from "./files.ts";

/** One migration, wherever it is known from. */
export interface Migration {
  readonly version: string;
  /** Empty where only the version is known. */
  readonly name: string;
}

/** The database beside the folder. Each list is oldest first; no migration is in two of them. */
export interface MigrationStatus {
  /** Applied, and its file is as it was. */
  readonly applied: readonly Migration[];
  /** A file that is not applied. */
  readonly pending: readonly Migration[];
  /** Applied, and the file is gone. */
  readonly missing: readonly Migration[];
  /** Applied, and the file has changed since. */
  readonly edited: readonly Migration[];
  /** Applied, without a file, newer than every file: the database is newer than this code. */
  readonly newer: readonly Migration[];
}

/** The same for the migrator. */
export interface MigrationState extends MigrationStatus {
  /** Applied, but not by this tool, or it was killed before it took the note. */
  readonly unrecorded: readonly MigrationFile[];
}

/** Compares what the database has noted with the files; oldest first. */
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

/** An error for what was applied and is not in the folder as it was; before anything runs. */
export function refuseHistory({ missing, edited, newer }: MigrationState): void {
  if (edited.length > 0) {
    const message = `${names(edited)} changed after it was applied; ` +
      "put the file back as it was, and write a new migration for the change";
    throw new MigrationError("EDITED", message);
  }
  if (missing.length > 0) {
    const message = `${names(missing)} is applied, but its file is gone; ` +
      "put the file back (it is in the history of the repository)";
    throw new MigrationError("MISSING", message);
  }
  if (newer.length > 0) {
    const message =
      `The database is newer than this code: ${names(newer)} is applied and unknown here; ` +
      "use the code that belongs to it, or roll back with that code first";
    throw new MigrationError("NEWER", message);
  }
}

/** An error for a pending file that is older than an applied one; before anything runs. */
export function refuseOrder({ applied, pending }: MigrationState): void {
  const last = applied.at(-1)?.version ?? "";
  const late = pending.filter(({ version }) => version < last);
  if (late.length === 0) return;
  const message = `${names(late)} is older than ${names(applied.slice(-1))}, which is applied; ` +
    "rename it with a newer timestamp, so that every database runs them in one order";
  throw new MigrationError("ORDER", message);
}

function names(migrations: readonly Migration[]): string {
  const list = migrations.map(({ version, name }) =>
    `"${name ? `${version}_${name}.sql` : version}"`
  );
  return `${list.length > 1 ? "Migrations" : "Migration"} ${list.join(", ")}`;
}

const BOOKS = [
  // As dbmate would make it; made here, so that its comments stand from the start.
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

/** Makes the tables of this tool, and notes the checksums that are not noted yet. */
export async function keepBooks(
  state: MigrationState,
  connection: ToolConnection,
  log: (line: string) => void,
): Promise<void> {
  const [tables] = await connection.ask<{ checksums: boolean }>(TABLES);
  if (!tables?.checksums) {
    for (const statement of ["begin", ...BOOKS, "commit"]) await connection.command(statement);
  }
  for (const file of state.unrecorded) {
    log(`Adopted: ${file.file} was applied without a note of its checksum`);
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
 * Notes the checksum of a file that is about to be applied, so that a migrator that is killed
 * leaves a note of what it ran, not of what the file became. It means nothing until then.
 */
export async function announce(file: MigrationFile, connection: ToolConnection): Promise<void> {
  await connection.ask(ANNOUNCE, [file.version, file.name, file.checksum]);
}

/** Notes the checksum of a file that is applied. */
export async function record(file: MigrationFile, connection: ToolConnection): Promise<void> {
  const noted = await connection.ask(RECORD, [file.version, file.name, file.checksum]);
  if (noted.length === 1) return;
  throw new MigrationError("DBMATE", `dbmate did not apply "${file.file}", although it said so`);
}
