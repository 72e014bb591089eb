/**
 * The health check: `make check`. Prints one clear answer for a person, or JSON for
 * a monitor, within five seconds.
 */
import process from "node:process";
import { type Config, loadConfig } from "../config/load.ts";
import { ConfigError, ConnectionError, DatabaseError, TimeoutError } from "../errors.ts";
import { runCommand } from "./command.ts";
import { openConnection } from "../connection/open_connection.ts";
import type { Connection } from "../connection/connection.ts";
import { formatTarget } from "../config/url.ts";
import { type Migration, type MigrationStatus, status } from "./migrations/migrator.ts";
import { ROLES } from "./migrations/roles.ts";

/** The oldest supported major version of PostgreSQL. */
const MIN_SERVER_VERSION = 15;
const CHECK_TIMEOUT_MS = 5_000;
/** Time that the command itself needs. */
const MARGIN_MS = 500;

/** The result of the check. */
export type CheckReport =
  | {
    readonly ok: true;
    readonly server: string;
    readonly database: string;
    readonly address: string;
    readonly role: string;
    /** The version of TLS; null without TLS. */
    readonly tls: string | null;
    readonly roundTripMs: number;
    readonly migrations: { readonly applied: number; readonly pending: number };
    /** `split`: the role has only its own privileges. `single`: the role has the privileges of the tables' owner. */
    readonly roles: { readonly setup: "split" | "single"; readonly owner: string };
    /** The oldest visible transaction; null if none has been open for a second. */
    readonly oldestTransaction: { readonly pid: number; readonly seconds: number } | null;
  }
  | {
    readonly ok: false;
    /** A stable identifier for monitors. */
    readonly problem: string;
    readonly message: string;
    readonly advice: string;
  };

/**
 * Checks the configured database.
 *
 * @param config Defaults to the configuration of file and environment.
 * @returns The report. An unreachable database is a report too, not an error.
 */
export async function check(config?: Config): Promise<CheckReport> {
  let connection: Connection | undefined;
  try {
    const { database } = config ??= await loadConfig();
    const until = performance.now() + CHECK_TIMEOUT_MS - MARGIN_MS;
    const left = () => Math.max(1, until - performance.now());
    connection = await openConnection(database, Math.min(left(), database.timeouts.connect));
    const { rows } = await connection.run(SERVER, [], {}, left());
    const found = rows[0] as Server;
    const started = performance.now();
    await connection.run("select", [], {}, left());
    const roundTripMs = Math.round((performance.now() - started) * 100) / 100;
    const major = Math.floor(found.number / 10_000);
    if (major < MIN_SERVER_VERSION) return tooOld(found.version);
    const migrations = await status({
      url: database.target,
      ca: database.ca,
      allowCleartextPassword: database.allowCleartextPassword,
      plaintextHosts: database.plaintextHosts,
      timeout: left(),
    });
    const wrong = migrationProblem(migrations);
    if (wrong !== undefined) return wrong;
    return {
      ok: true,
      server: `PostgreSQL ${found.version}`,
      database: found.database,
      address: formatTarget(database.target),
      role: found.role,
      tls: found.tls,
      roundTripMs,
      migrations: {
        applied: migrations.applied.length,
        pending: migrations.pending.length,
      },
      roles: await rolesOf(connection, left()),
      oldestTransaction: await oldestTransactionOf(connection, left()),
    };
  } catch (error) {
    return explain(error, config);
  } finally {
    connection?.discard();
  }
}

function migrationProblem(
  { applied, pending, missing, edited, newer }: MigrationStatus,
): CheckReport | undefined {
  const names = (list: readonly Migration[]) =>
    list.map(({ version, name }) => name === "" ? version : `${version}_${name}`).join(", ");
  if (newer.length > 0) {
    return problem(
      "schema_newer",
      `The database's schema is newer than this code: this code lacks ${names(newer)}`,
      "update this code",
    );
  }
  if (missing.length > 0) {
    return problem(
      "migration_missing",
      `An applied migration has no file: ${names(missing)}`,
      "restore the file from version control",
    );
  }
  if (edited.length > 0) {
    return problem(
      "migration_edited",
      `The file of an applied migration has changed: ${names(edited)}`,
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
  return undefined;
}

/** Formats the report for a person. */
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

/** The age in seconds at which a transaction is too old. */
const OLD_TRANSACTION_S = 60;

function warnings({ oldestTransaction }: CheckReport & { ok: true }): string[] {
  if (oldestTransaction === null || oldestTransaction.seconds < OLD_TRANSACTION_S) return [];
  const { pid, seconds } = oldestTransaction;
  return [
    `⚠️  A transaction has been open for ${seconds} s (pid ${pid}): the server cannot vacuum rows deleted since, ` +
    "and claiming jobs gets slower; end it",
  ];
}

function describeRoles({ role, roles }: CheckReport & { ok: true }): string {
  const { setup, owner } = roles;
  if (setup === "split") return `split: ${role}, and ${owner} owns the tables`;
  if (owner === role) return `single: ${role} owns the tables`;
  return `single: ${role} has all privileges of ${owner}, who owns the tables`;
}

/** Returns the setup: superusers and members of the owner count as the owner. */
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

// One table is enough: migrations created them all.
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
    `use PostgreSQL ${MIN_SERVER_VERSION} or newer`,
  );
}

function explain(error: unknown, config: Config | undefined): CheckReport {
  if (!(error instanceof DatabaseError)) throw error;
  const bundled = config?.database.server === "bundled";
  const user = config?.database.target.user ?? "";
  const message = error.message;
  if (error instanceof ConfigError) return problem("configuration", message, "correct it");
  if (error instanceof TimeoutError) {
    return problem("timeout", message, "check the server, the network and the firewall");
  }
  if (error instanceof ConnectionError) {
    const start = bundled ? "run: make start" : "start the server, or correct the URL";
    const advice: Record<ConnectionError["reason"], string> = {
      unknown_host: "correct the host in the URL",
      refused: start,
      unreachable: "check the network",
      forbidden: "allow this process to open the connection",
      tls: "see sslmode in the URL and database.tls.ca",
      authentication: bundled
        ? "correct the URL, or run: make reset (it deletes the development data)"
        : ROLES.includes(user)
        ? `correct the password in the URL; migrations create ${user} without a password: set one with ` +
          `\\password ${user} in make psql`
        : "correct the user or the password in the URL",
      untrusted: "see sslmode in the URL, and the server's pg_hba.conf",
      missing_database: "run: make migrate",
      too_many_connections: "close some connections, or raise max_connections",
      starting_up: "try again in a moment",
      protocol: "check that a PostgreSQL server listens at this address",
      lost: "see the server's log",
      closed: "try again",
    };
    return problem(error.reason, message, advice[error.reason]);
  }
  return problem(error.code.toLowerCase(), message, "see the server's log");
}

/** Prints the report. Returns the exit code: 0 if the check found no problem, else 1. */
export async function main(args: readonly string[]): Promise<number> {
  const report = await check();
  console.log(args.includes("--json") ? JSON.stringify(report) : describe(report));
  return report.ok ? 0 : 1;
}

// Exit at once: an open connection, such as one to a silent server, would keep the process alive.
runCommand(import.meta.url, async (args) => process.exit(await main(args)));
