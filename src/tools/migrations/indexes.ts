/**
 * The indexes of files that run outside a transaction. A `create index
 * concurrently` that fails leaves one that costs writes and serves nobody; one
 * whose migrator was killed may be finished by the server without a note of it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionOptions } from "../../connection/connection.ts";
import { ToolConnection } from "../connection.ts";
import { MigrationError } from "./error.ts";
import type { MigrationFile } from "./files.ts";
import { REPAIR_APPLICATION } from "./lock.ts";
import { readIndexBuild, readReindex, readStatements } from "./statements.ts";

/** An index that no query uses. */
export interface InvalidIndex {
  /** With its schema, quoted where it must be. */
  readonly name: string;
  /** Its table, in the same way. */
  readonly table: string;
  /** The server process that is at work on the table, and may be building the index. */
  readonly pid: number | null;
  /** What a broken `reindex concurrently` left beside the index itself. */
  readonly leftover: boolean;
}

/** A repair at work. */
export interface Repair {
  readonly address: ConnectionOptions;
  readonly connection: ToolConnection;
  /** Milliseconds that a drop waits for a lock, and that it waits for a builder. */
  readonly lockTimeout: number;
  /** Ends the waiting; its reason is thrown. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

const CONNECT = 10_000;
const POLL = 100;
/** Milliseconds for one drop, which waits `lockTimeout` for each transaction on the table. */
const DROP = 600_000;

/**
 * Drops what stands in the way of the file: the invalid indexes that it builds,
 * and what a broken `reindex concurrently` of them left behind. Not a name alone
 * decides, but name and table: a file that drops or reindexes an invalid index
 * by itself still finds it.
 *
 * @throws {TimeoutError} SQLSTATE 55P03: a lock was not to be had; may be tried again.
 * @throws {MigrationError} SQLSTATE 55P03: somebody is at work on the table; the same.
 */
export async function dropInvalidIndexes(file: MigrationFile, repair: Repair): Promise<void> {
  const { address, connection, lockTimeout, signal, log } = repair;
  let found = await invalidIndexesOf(file, connection);
  if (found.length === 0) return;
  // What is being built right now may yet become valid.
  for (const until = performance.now() + lockTimeout; busy(found) !== undefined;) {
    const index = busy(found)!;
    if (performance.now() > until) {
      const message = `Index ${index.name} is invalid, and server process ${index.pid} ` +
        "is at work on its table and may be building it";
      throw new MigrationError("STATEMENT", message, { sqlState: "55P03" });
    }
    await sleep(POLL, undefined, { signal });
    found = await invalidIndexesOf(file, connection);
  }
  if (found.length === 0) return;
  // Not the connection of the lock, which must answer its heartbeat.
  const worker = await ToolConnection.open(address, CONNECT, REPAIR_APPLICATION);
  const stop = () => void worker.end();
  signal.addEventListener("abort", stop);
  try {
    await worker.command(`set lock_timeout = ${Math.max(1, Math.round(lockTimeout))}`);
    for (const { name, leftover } of found) {
      await worker.command(`drop index concurrently if exists ${name}`, DROP);
      log(
        leftover
          ? `Repaired: index ${name}, left invalid by a reindex, is dropped before "${file.file}"`
          : `Repaired: index ${name}, left invalid by "${file.file}", is dropped and built again`,
      );
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.end();
  }
}

function busy(indexes: readonly InvalidIndex[]): InvalidIndex | undefined {
  return indexes.find(({ pid }) => pid !== null);
}

/** Every invalid index of the database, but for those that wait for their partitions. */
export async function invalidIndexes(connection: ToolConnection): Promise<InvalidIndex[]> {
  return await connection.ask<InvalidIndex>(INVALID);
}

/** Those among them that the file builds or reindexes. */
export async function invalidIndexesOf(
  file: MigrationFile,
  connection: ToolConnection,
): Promise<InvalidIndex[]> {
  const found: InvalidIndex[] = [];
  for (const statement of readStatements(file.sql.up)) {
    const build = readIndexBuild(statement);
    const reindex = readReindex(statement);
    if (build !== undefined) {
      found.push(...await connection.ask<InvalidIndex>(INVALID_BUILD, [build.table, build.name]));
    } else if (reindex !== undefined) {
      found.push(...await connection.ask<InvalidIndex>(INVALID_REINDEX, [reindex.name]));
    }
  }
  return found;
}

// A builder holds a lock on the table, between its transactions too, that only one can hold;
// on the index itself every reader and writer holds one. `pg_stat_progress_create_index` shows
// the builder as well, though not to every role. Autovacuum holds that lock, and makes way.
const INVALID = `
select
  format('%I.%I', n.nspname, c.relname) as name,
  i.indrelid::regclass::text as table,
  c.relname ~ '_cc(new|old)[0-9]*$' as leftover,
  (
    select min(pid)
    from (
      select pid
      from pg_stat_progress_create_index
      where datname = current_database() and index_relid = i.indexrelid
      union all
      select l.pid
      from pg_locks l
      join pg_stat_activity a on a.pid = l.pid
      where
        l.locktype = 'relation'
        and l.database = (select oid from pg_database where datname = current_database())
        and l.relation in (i.indexrelid, i.indrelid)
        and l.granted
        and l.mode not in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
        and a.usesysid is not null
    ) at_work
  ) as pid
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_namespace n on n.oid = c.relnamespace
where
  not i.indisvalid
  and c.relkind = 'i'`;

/** Whether `c` is a leftover of the index called `$name`, whose own name the server may have cut. */
function isLeftover(name: string): string {
  const base = "regexp_replace(c.relname, '_cc(new|old)[0-9]*$', '')";
  return `(
    c.relname ~ '_cc(new|old)[0-9]*$'
    and (
      ${base} = ${name}
      or octet_length(c.relname) = 63 and starts_with(${name}, ${base})
    )
  )`;
}

const INVALID_BUILD = `${INVALID}
  and i.indrelid = to_regclass($1::text)
  and (
    c.relname = (parse_ident($2::text))[1]::name
    or ${isLeftover("(parse_ident($2::text))[1]::name::text")}
  )
order by 1`;

// The index itself is left to the statement, which makes it valid.
const INVALID_REINDEX = `${INVALID}
  and c.relname ~ '_cc(new|old)[0-9]*$'
  and (
    i.indrelid = to_regclass($1::text)
    or exists (
      select
      from pg_index o
      join pg_class b on b.oid = o.indexrelid
      where
        o.indexrelid = to_regclass($1::text)
        and o.indrelid = i.indrelid
        and ${isLeftover("b.relname::text")}
    )
  )
order by 1`;

/** An index that stands where the file would build one. */
export interface StandingIndex {
  /** With its schema, quoted where it must be. */
  readonly name: string;
  /** As the server writes it. */
  readonly definition: string;
  /** It is valid, and beyond doubt what the file's only statement builds. */
  readonly certain: boolean;
}

/**
 * The index that stands in the way of a file whose only statement builds one.
 * Certain is one on the same table and of the same name whose definition, as the
 * server writes it, is the file's word for word. Where the two are only written
 * differently (a cast, an option) nobody but a person can tell.
 */
export async function standingIndex(
  file: MigrationFile,
  connection: ToolConnection,
): Promise<StandingIndex | undefined> {
  const statements = readStatements(file.sql.up);
  const build = readIndexBuild(statements[0] ?? []);
  if (build === undefined || statements.length !== 1) return undefined;
  const [row] = await connection.ask<{ name: string; definition: string; valid: boolean }>(
    STANDING,
    [build.table, build.name],
  );
  if (row === undefined) return undefined;
  const { name, definition, valid } = row;
  const stands = readIndexBuild(readStatements(definition)[0] ?? []);
  // A backslash may hide where a string ends.
  const certain = valid && !file.sql.up.includes("\\") && stands?.unique === build.unique &&
    stands.definition.join(" ") === build.definition.join(" ");
  return { name, definition, certain };
}

const STANDING = `
select
  format('%I.%I', n.nspname, c.relname) as name,
  pg_get_indexdef(i.indexrelid) as definition,
  i.indisvalid and i.indisready and i.indislive as valid
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_namespace n on n.oid = c.relnamespace
where
  i.indrelid = to_regclass($1::text)
  and c.relname = (parse_ident($2::text))[1]::name`;
