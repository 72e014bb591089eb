/**
 * The connection probe: `make check`. One clear answer for a person, or JSON for
 * a monitor, within five seconds.
 */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { type Config, loadConfig } from "../config/load.ts";
import { ConfigError, ConnectionError, DatabaseError, TimeoutError } from "../errors.ts";
import { openConnection } from "../connection/open_connection.ts";
import type { Connection } from "../connection/connection.ts";
import { formatTarget } from "../config/url.ts";
import { status } from "./migrate.ts";
import { ROLES } from "./roles.ts";

/** The oldest PostgreSQL that the SQL of this project runs on. */
const OLDEST_SERVER = 15;
/** Milliseconds. */
const DEADLINE = 5000;

/** What the probe found. */
export type CheckReport =
  | {
    readonly ok: true;
    readonly server: string;
    readonly database: string;
    readonly address: string;
    readonly role: string;
    /** The protocol's version; null without TLS. */
    readonly tls: string | null;
    readonly roundTripMs: number;
    readonly migrations: { readonly applied: number; readonly pending: number };
    /** Whether the role may do only what it needs, or everything, and who owns the tables. */
    readonly roles: { readonly setup: "split" | "single"; readonly owner: string };
    /** Of those that the role may see; null where none has been open for a second. */
    readonly oldestTransaction: { readonly pid: number; readonly seconds: number } | null;
  }
  | {
    readonly ok: false;
    /** Stable, for monitors. */
    readonly problem: string;
    readonly message: string;
    readonly advice: string;
  };

/**
 * Looks at the configured database.
 *
 * @param config Read from file and environment unless given.
 * @returns What was found; never throws for a database that cannot be reached.
 */
export async function check(config?: Config): Promise<CheckReport> {
  let connection: Connection | undefined;
  try {
    const { database } = config ??= await loadConfig();
    const until = performance.now() + DEADLINE - 500;
    const left = () => Math.max(1, until - performance.now());
    connection = await openConnection(database, Math.min(left(), database.timeouts.connect));
    const { rows } = await connection.run(SERVER, [], {}, left());
    const found = rows[0] as Server;
    const started = performance.now();
    await connection.run("select", [], {}, left());
    const roundTripMs = Math.round((performance.now() - started) * 100) / 100;
    const major = Math.floor(found.number / 10_000);
    if (major < OLDEST_SERVER) return tooOld(found.version);
    const { applied, pending, missing, edited, newer } = await status({
      url: database.target,
      ca: database.ca,
      allowCleartextPassword: database.allowCleartextPassword,
      plaintextHosts: database.plaintextHosts,
      timeout: left(),
    });
    const names = (list: readonly { version: string; name: string }[]) =>
      list.map(({ version, name }) => name === "" ? version : `${version}_${name}`).join(", ");
    if (newer.length > 0) {
      return problem(
        "schema_newer",
        `The database's schema is newer than this code: it has ${names(newer)}`,
        "update this code",
      );
    }
    if (missing.length > 0) {
      return problem(
        "migration_missing",
        `An applied migration has no file: ${names(missing)}`,
        "bring the file back from version control",
      );
    }
    if (edited.length > 0) {
      return problem(
        "migration_edited",
        `A migration was edited after it had been applied: ${names(edited)}`,
        "undo the edit, and write a new migration instead",
      );
    }
    if (pending.length > 0) {
      return problem(
        "migrations_pending",
        `${pending.length} of ${applied.length + pending.length} migrations are pending`,
        "run: make migrate",
      );
    }
    return {
      ok: true,
      server: `PostgreSQL ${found.version}`,
      database: found.database,
      address: formatTarget(database.target),
      role: found.role,
      tls: found.tls,
      roundTripMs,
      migrations: { applied: applied.length, pending: pending.length },
      roles: await rolesOf(connection, left()),
      oldestTransaction: await oldestTransactionOf(connection, left()),
    };
  } catch (error) {
    return explain(error, config);
  } finally {
    connection?.discard();
  }
}

/** What the probe prints for a person. */
export function describe(report: CheckReport): string {
  if (!report.ok) return `❌ ${report.message}; ${report.advice}`;
  const { applied, pending } = report.migrations;
  return [
    "✅ Database connection successful",
    `   server      ${report.server}`,
    `   database    ${report.database} (${report.address})`,
    `   role        ${report.role}`,
    `   TLS         ${report.tls ?? "off"}`,
    `   round trip  ${report.roundTripMs} ms`,
    `   migrations  ${applied} applied, ${pending} pending`,
    `   roles       ${describeRoles(report)}`,
    ...warnings(report),
  ].join("\n");
}

/** A transaction of so many seconds is too old. */
const OLD = 60;

function warnings({ oldestTransaction }: CheckReport & { ok: true }): string[] {
  if (oldestTransaction === null || oldestTransaction.seconds < OLD) return [];
  const { pid, seconds } = oldestTransaction;
  return [
    `⚠️  A transaction has been open for ${seconds} s (pid ${pid}): nothing that was deleted since is cleaned ` +
    "away, and jobs are claimed more slowly; end it",
  ];
}

function describeRoles({ role, roles }: CheckReport & { ok: true }): string {
  const { setup, owner } = roles;
  if (setup === "split") return `split: ${role}, and ${owner} owns the tables`;
  if (owner === role) return `single: ${role} owns the tables`;
  return `single: ${role} may do all that ${owner} may, who owns the tables`;
}

/** Superusers and members of the owner are no better than the owner. */
async function rolesOf(
  connection: Connection,
  timeout: number,
): Promise<{ setup: "split" | "single"; owner: string }> {
  const { rows } = await connection.run(OWNER, [], {}, timeout);
  const [{ owner, owns }] = rows as [{ owner: string; owns: boolean }];
  return { setup: owns ? "single" : "split", owner };
}

async function oldestTransactionOf(
  connection: Connection,
  timeout: number,
): Promise<{ pid: number; seconds: number } | null> {
  const { rows } = await connection.run(OLDEST_TRANSACTION, [], {}, timeout);
  const [oldest] = rows as { pid: number; seconds: number }[];
  return oldest !== undefined && oldest.seconds >= 1 ? oldest : null;
}

interface Server {
  version: string;
  number: number;
  database: string;
  role: string;
  tls: string | null;
}

const SERVER = `
select
  split_part(current_setting('server_version'), ' ', 1) as version,
  current_setting('server_version_num')::integer as number,
  current_database()::text as database,
  current_user::text as role,
  (select version from pg_stat_ssl where pid = pg_backend_pid() and ssl) as tls`;

const OLDEST_TRANSACTION = `
select
  pid,
  floor(extract(epoch from clock_timestamp() - xact_start))::integer as seconds
from pg_stat_activity
where
  datname = current_database()
  and pid <> pg_backend_pid()
  and xact_start is not null
order by xact_start
limit 1`;

// Any table will do: migrations made them all.
const OWNER = `
select
  pg_get_userbyid(relowner)::text as owner,
  pg_has_role(relowner, 'member') as owns
from pg_class
where oid = 'public.schema_migrations'::regclass`;

function problem(name: string, message: string, advice: string): CheckReport {
  return { ok: false, problem: name, message, advice };
}

function tooOld(version: string): CheckReport {
  return problem(
    "server_too_old",
    `The server is PostgreSQL ${version}`,
    `use PostgreSQL ${OLDEST_SERVER} or newer`,
  );
}

function explain(error: unknown, config: Config | undefined): CheckReport {
  if (!(error instanceof DatabaseError)) throw error;
  const bundled = config?.database.server === "bundled";
  const user = config?.database.target.user ?? "";
  const message = error.message;
  if (error instanceof ConfigError) return problem("configuration", message, "correct it");
  if (error instanceof TimeoutError) {
    return problem("timeout", message, "check the server, the network and the firewall between");
  }
  if (error instanceof ConnectionError) {
    const start = bundled ? "run: make start" : "start the server, or correct the URL";
    const advice: Record<ConnectionError["reason"], string> = {
      unknown_host: "correct the host in the URL",
      refused: start,
      unreachable: "check the network",
      forbidden: "allow this process to open it",
      tls: "see sslmode in the URL and database.tls.ca",
      authentication: bundled
        ? "correct the URL, or run: make reset (it deletes the development data)"
        : ROLES.includes(user)
        ? `correct the password in the URL; migrations make ${user} without one: give it one with ` +
          `\\password ${user} in make psql`
        : "correct the user or the password in the URL",
      untrusted: "see sslmode in the URL, and the server's pg_hba.conf",
      missing_database: "run: make migrate",
      too_many_connections: "close some, or raise max_connections",
      starting_up: "try again in a moment",
      protocol: "check that a PostgreSQL server listens there",
      lost: "see the server's log",
      closed: "try again",
    };
    return problem(error.reason, message, advice[error.reason]);
  }
  return problem(error.code.toLowerCase(), message, "see the server's log");
}

/** Prints the report; the exit code is 0 where all is well. */
export async function main(args: readonly string[]): Promise<number> {
  const report = await check();
  console.log(args.includes("--json") ? JSON.stringify(report) : describe(report));
  return report.ok ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exit(await main(process.argv.slice(2)));
}
