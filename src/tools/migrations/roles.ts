/**
 * The roles of the server, and their privileges in one database: `db/roles.sql`. Roles belong to all databases of a
 * server, and other databases may be migrated at the same time.
 */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { MigrationConfig } from "../../config/load.ts";
import { DatabaseError } from "../../errors.ts";
import type { ToolConnection } from "../connection.ts";
import { MigrationError } from "./error.ts";
import { MigrationLock } from "./lock.ts";
import { readStatements } from "./statements.ts";

/** `db/roles.sql` of this package. */
export const ROLES_FILE: string = fileURLToPath(new URL("../../../db/roles.sql", import.meta.url));

/**
 * The timeouts of each role: for a statement, for a lock, and for an idle transaction.
 *
 * By default, the client ends a statement after 30 s and a transaction after 60 s, with a better message than the
 * server's. The server's timeouts are longer, for clients that are gone or have no deadline. The lock timeout is
 * shorter than the statement timeout, so that the error shows the cause. A migration may run long, but must not
 * block others behind a lock.
 */
const TIMEOUTS: Readonly<Record<string, readonly [statement: string, lock: string, idle: string]>> =
  {
    netraven_migrator: ["0", "5s", "5min"],
    netraven_app: ["1min", "10s", "1min"],
    netraven_worker: ["1min", "10s", "1min"],
    netraven_readonly: ["30s", "5s", "1min"],
    netraven_rotator: ["1min", "10s", "1min"],
  };

/** The roles: the owner first, then its clients. */
export const ROLES: readonly string[] = Object.keys(TIMEOUTS);
const CLIENTS: readonly string[] = ROLES.slice(1);

/** Maximum attempts to change a role's settings while migrators of other databases change them. */
const MAX_ATTEMPTS = 20;
/** SQLSTATEs of concurrent changes. "tuple concurrently updated" has only XX000. */
const CONCURRENT_CHANGE = new Set(["XX000", "23505"]);
/** The table that dbmate alone does not create. */
const CHECKSUM_TABLE = / schema_checksums /;
/** SQLSTATEs of missing objects: relation, column, function. */
const MISSING_OBJECT = new Set(["42P01", "42703", "42883"]);

/** Options of `grantPrivileges`. */
export interface RolesOptions {
  /** Defaults to `db/roles.sql`. */
  readonly file?: string;
  /** Skips lines about missing objects, as after a rollback. */
  readonly lenient?: boolean;
  /** Receives a line for each new role, and for each statement that needs more privileges. */
  readonly log: (line: string) => void;
}

/**
 * Creates missing roles, if the login may; sets each role's settings and, in this database, exactly the privileges of
 * the file. A second run changes nothing. If no role exists and the login cannot create them, it changes nothing.
 *
 * @throws {MigrationError} code `FILE`: the file contains other statements than grants.
 * @throws {DatabaseError} sqlState 42P01, 42703 or 42883: the file names a missing object.
 */
export async function grantPrivileges(
  connection: ToolConnection,
  { file = ROLES_FILE, lenient = false, log }: RolesOptions,
): Promise<void> {
  const grants = readGrants(await readFile(file, "utf8"), file);
  const [login] = await connection.ask<Login>(LOGIN, [ROLES]);
  const { me, mayCreate, present } = login!;
  if (!mayCreate && !present.some((role) => CLIENTS.includes(role))) {
    log(`The roles are missing and ${me} may not create them: ${me} keeps all privileges`);
    return;
  }
  const known = new Set(present);
  for (const role of ROLES.filter((name) => !known.has(name))) {
    if (mayCreate) {
      await createRole(role, connection, log);
      known.add(role);
    } else {
      log(
        `The role ${role} is missing and ${me} may not create it; run: create role ${role} login`,
      );
    }
  }
  await setTimeouts(me, connection, log);
  const ours = grants.filter(({ role }) => known.has(role));
  const clients = CLIENTS.filter((role) => known.has(role));
  await connection.command("begin");
  try {
    await connection.command("set local search_path to public, pg_temp");
    for (const query of [REVOKES, ENTRY]) {
      for (const statement of await statements(query, clients, connection)) {
        await connection.command(statement);
      }
    }
    for (const { statement } of ours) {
      await grant(statement, lenient || CHECKSUM_TABLE.test(statement), file, connection);
    }
    await connection.command("commit");
  } catch (error) {
    await connection.command("rollback").catch(() => {});
    throw error;
  }
}

/** Maximum time to wait for another migrator. */
const LOCK_TIMEOUT_MS = 300_000;

/**
 * Creates missing roles, if the login may, and sets the database's privileges to those of `db/roles.sql`. A second run
 * changes nothing. Use it for roles that an administrator created after the migrations, and after migrations by
 * another tool than `make migrate`.
 *
 * @param log Receives a line for each new role, and for each statement that needs more privileges.
 * @throws {DatabaseError} sqlState 42P01, 42703 or 42883: migrations are not applied yet.
 */
export async function applyRoles(
  address: MigrationConfig,
  log: (line: string) => void,
): Promise<void> {
  const lock = await MigrationLock.take(address, LOCK_TIMEOUT_MS, log);
  try {
    await grantPrivileges(lock.connection, { log });
  } finally {
    await lock.release();
  }
}

interface Login {
  me: string;
  mayCreate: boolean;
  present: string[];
}

/** A statement of the file. */
interface Grant {
  readonly statement: string;
  readonly role: string;
}

function readGrants(text: string, file: string): Grant[] {
  return readStatements(text).map((words) => {
    const [verb, to, role = ""] = [words[0], words.at(-2), words.at(-1)];
    const statement = words.join(" ");
    if (verb !== "grant" || to !== "to" || !CLIENTS.includes(role)) {
      const message = `"${
        basename(file)
      }" may contain only grants to one role each: "${statement}"`;
      throw new MigrationError("FILE", message);
    }
    return { statement, role };
  });
}

/** Creates a role without a password: files contain no secrets, so the operator sets it. */
async function createRole(
  role: string,
  connection: ToolConnection,
  log: (line: string) => void,
): Promise<void> {
  try {
    await connection.command(`create role ${role} login`);
    log(`Created the role ${role} without a password`);
  } catch (error) {
    if (!isOneOf(error, new Set(["42710", "23505"]))) throw error;
  }
}

/** Sets missing timeouts and the search path. An operator may choose other timeouts, but no other path. */
async function setTimeouts(
  me: string,
  connection: ToolConnection,
  log: (line: string) => void,
): Promise<void> {
  const timeouts = Object.values(TIMEOUTS);
  const columns = [0, 1, 2].map((column) => timeouts.map((row) => row[column]));
  const missing = await connection.ask<{ statement: string }>(SETTINGS, [ROLES, ...columns]);
  for (const { statement } of missing) {
    for (let attempt = 1;; attempt++) {
      try {
        await connection.command(statement);
        break;
      } catch (error) {
        // Another owner created the role.
        if (isOneOf(error, new Set(["42501"]))) {
          log(`${me} lacks the privilege; run as an administrator: ${statement}`);
          break;
        }
        if (!isOneOf(error, CONCURRENT_CHANGE) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }
}

async function statements(
  query: string,
  clients: readonly string[],
  connection: ToolConnection,
): Promise<string[]> {
  const rows = await connection.ask<{ statement: string }>(query, [clients.join(", ")]);
  return rows.map(({ statement }) => statement);
}

async function grant(
  statement: string,
  lenient: boolean,
  file: string,
  connection: ToolConnection,
): Promise<void> {
  if (lenient) await connection.command("savepoint before_line");
  try {
    await connection.command(statement);
  } catch (error) {
    if (lenient && namesMissingObject(error)) {
      await connection.command("rollback to savepoint before_line");
      return;
    }
    if (!(error instanceof DatabaseError) || error.sqlState === undefined) throw error;
    const message = `"${basename(file)}" failed at "${statement}": ${error.message}`;
    throw new MigrationError("STATEMENT", message, { sqlState: error.sqlState });
  }
}

/** Whether the server refused with one of the SQLSTATEs. */
function isOneOf(error: unknown, states: ReadonlySet<string>): boolean {
  return error instanceof DatabaseError && states.has(error.sqlState ?? "");
}

/** Whether the server refused a statement because of a missing object. */
export function namesMissingObject(error: unknown): boolean {
  return isOneOf(error, MISSING_OBJECT);
}

const LOGIN = `
select
  current_user::text as me,
  (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as may_create,
  array(select rolname::text from pg_roles where rolname = any($1::text[])) as present`;

const SETTINGS = `
select format('alter role %I set %I to %s', wanted.role, wanted.name, wanted.value) as statement
from (
  select role, position, 'search_path' as name, 'public, pg_temp' as value
  from unnest($1::text[]) with ordinality as roles (role, position)
  union all
  select timeouts.role, timeouts.position, given.name, quote_literal(given.value)
  from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality
    as timeouts (role, statement, lock, idle, position)
  cross join lateral (
    values
      ('statement_timeout', timeouts.statement),
      ('lock_timeout', timeouts.lock),
      ('idle_in_transaction_session_timeout', timeouts.idle)
  ) as given (name, value)
) as wanted
join pg_roles on pg_roles.rolname = wanted.role
where
  not exists (
    select
    from unnest(pg_roles.rolconfig) as present (setting)
    where
      setting = wanted.name || '=' || wanted.value
      or wanted.name <> 'search_path' and starts_with(setting, wanted.name || '=')
  )
order by wanted.position, wanted.name`;

// Only for the login's own objects, without those of extensions.
const REVOKES = `
select format('revoke all on table %s from public, %s', oid::regclass, $1::text) as statement
from pg_class
where
  relnamespace = 'public'::regnamespace
  and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and pg_has_role(relowner, 'usage')
  and (
    relacl is not null
    or exists (select from pg_attribute where attrelid = pg_class.oid and attacl is not null)
  )
  and not exists (
    select
    from pg_depend
    where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e'
  )
union all
select format('revoke all on routine %s from public, %s', oid::regprocedure, $1::text)
from pg_proc
where
  pronamespace = 'public'::regnamespace
  and pg_has_role(proowner, 'usage')
  and not exists (
    select
    from pg_depend
    where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e'
  )
union all
select format('revoke all on schema public from public, %s', $1::text)
from pg_namespace
where nspname = 'public' and pg_has_role(nspowner, 'usage')
union all
select format('revoke all on database %I from public, %s', datname, $1::text)
from pg_database
where datname = current_database() and pg_has_role(datdba, 'usage')`;

const ENTRY = `
select format('grant usage on schema public to %s', $1::text) as statement
from pg_namespace
where nspname = 'public' and pg_has_role(nspowner, 'usage')
union all
select format('grant connect on database %I to %s', datname, $1::text)
from pg_database
where datname = current_database() and pg_has_role(datdba, 'usage')`;
