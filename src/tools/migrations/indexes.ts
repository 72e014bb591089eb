/**
 * The indexes of migrations that run outside a transaction. A failed `create index
 * concurrently` leaves an invalid index, which slows writes and serves no query. If the
 * migrator was killed, the server may finish the index without a record of it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionOptions } from "../../connection/connection.ts";
import { ToolConnection } from "../connection.ts";
import { MigrationError } from "./error.ts";
import type { MigrationFile } from "./files.ts";
import { REPAIR_APPLICATION } from "./lock.ts";
import { readIndexBuild, readReindex, readStatements } from "./statements.ts";

/** An invalid index, which no query uses. */
export interface InvalidIndex {
  /** The name with its schema, quoted if necessary. */
  readonly name: string;
  /** The table's name, written like `name`. */
  readonly table: string;
  /** The server process that holds a lock on the table and may be building the index. */
  readonly pid: number | null;
  /** Whether the index is a temporary copy that a failed `reindex concurrently` left. */
  readonly leftover: boolean;
}

/** The context of a repair. */
export interface Repair {
  readonly address: ConnectionOptions;
  readonly connection: ToolConnection;
  /** Milliseconds to wait for a lock, and for another process that builds the index. */
  readonly lockTimeout: number;
  /** Ends the wait. The repair then throws the signal's reason. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

const CONNECT_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 100;
/** Maximum time of one drop, which waits `lockTimeout` for each transaction on the table. */
const DROP_TIMEOUT_MS = 600_000;

/**
 * Drops the invalid indexes that a file builds, and the copies that a failed
 * `reindex concurrently` of them left. An index must match by name and table: an
 * invalid index that the file itself drops or reindexes stays.
 *
 * @throws {TimeoutError} SQLSTATE 55P03: the lock timed out; the call can be retried.
 * @throws {MigrationError} SQLSTATE 55P03: another process uses the table; the call can be retried.
 */
export async function dropInvalidIndexes(file: MigrationFile, repair: Repair): Promise<void> {
  const { address, connection, lockTimeout, signal, log } = repair;
  let found = await invalidIndexesOf(file, connection);
  if (found.length === 0) return;
  // An index under construction may still become valid.
  for (const until = performance.now() + lockTimeout; busy(found) !== undefined;) {
    const index = busy(found)!;
    if (performance.now() > until) {
      const message = `Index ${index.name} is invalid, and server process ${index.pid} ` +
        "locks its table and may be building it";
      throw new MigrationError("STATEMENT", message, { sqlState: "55P03" });
    }
    await sleep(POLL_INTERVAL_MS, undefined, { signal });
    found = await invalidIndexesOf(file, connection);
  }
  if (found.length === 0) return;
  // The connection of the migration lock must stay free for its heartbeat.
  const worker = await ToolConnection.open(address, CONNECT_TIMEOUT_MS, REPAIR_APPLICATION);
  const stop = () => void worker.end();
  signal.addEventListener("abort", stop);
  try {
    await worker.command(`set lock_timeout = ${Math.max(1, Math.round(lockTimeout))}`);
    for (const { name, leftover } of found) {
      await worker.command(`drop index concurrently if exists ${name}`, DROP_TIMEOUT_MS);
      log(
        leftover
          ? `Repaired: dropped index ${name}, which a reindex had left invalid, before "${file.file}"`
          : `Repaired: dropped index ${name}, which "${file.file}" had left invalid and builds again`,
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

/** Returns every invalid index of the database, except partitioned indexes that wait for their partitions. */
export async function invalidIndexes(connection: ToolConnection): Promise<InvalidIndex[]> {
  return await connection.ask<InvalidIndex>(INVALID);
}

/** Returns the invalid indexes that the file builds or reindexes. */
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

// A process that builds an index holds an exclusive kind of lock on the table, even between its
// transactions; readers and writers lock the index only weakly. `pg_stat_progress_create_index`
// shows the process too, but not to every role. Autovacuum holds the same lock, and yields it.
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

/** Returns SQL: whether `c` is a leftover copy of the index `name`, which the server may have truncated. */
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

// The statement itself makes the index valid.
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

/** An existing index with the name of an index that the file builds. */
export interface ExistingIndex {
  /** The name with its schema, quoted if necessary. */
  readonly name: string;
  /** The definition, as the server writes it. */
  readonly definition: string;
  /** Whether the index is valid and certainly equals the index of the file's only statement. */
  readonly certain: boolean;
}

/**
 * Returns the existing index with the name that a file's only statement builds. It is
 * `certain` if the server's definition equals the file's word for word. If the two
 * differ only in writing (a cast, an option), a person must decide.
 */
export async function existingIndex(
  file: MigrationFile,
  connection: ToolConnection,
): Promise<ExistingIndex | undefined> {
  const statements = readStatements(file.sql.up);
  const build = readIndexBuild(statements[0] ?? []);
  if (build === undefined || statements.length !== 1) return undefined;
  const [row] = await connection.ask<{ name: string; definition: string; valid: boolean }>(
    EXISTING,
    [build.table, build.name],
  );
  if (row === undefined) return undefined;
  const { name, definition, valid } = row;
  const existing = readIndexBuild(readStatements(definition)[0] ?? []);
  // A backslash may hide the end of a string from the reader.
  const certain = valid && !file.sql.up.includes("\\") && existing?.unique === build.unique &&
    existing.definition.join(" ") === build.definition.join(" ");
  return { name, definition, certain };
}

const EXISTING = `
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
