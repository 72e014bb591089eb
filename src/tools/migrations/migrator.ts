/**
 * Migrates the schema by dbmate, and adds a polled lock, checksums of applied files,
 * a check of the order before anything runs, a lock timeout with retries, and correct
 * exit codes.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadConfig } from "../../config/load.ts";
import { ConnectionError, DatabaseError } from "../../errors.ts";
import type { ConnectionOptions } from "../../connection/connection.ts";
import { mayBePlain } from "../../connection/socket.ts";
import type { Target } from "../../config/url.ts";
import { ToolConnection } from "../connection.ts";
import { type DbmateRun, runDbmate } from "./dbmate.ts";
import { MigrationError } from "./error.ts";
import { type MigrationFile, MIGRATIONS, readMigrations } from "./files.ts";
import {
  announce,
  compare,
  type Migration,
  type MigrationState,
  type MigrationStatus,
  record,
  refuseHistory,
  refuseOrder,
  updateRecords,
} from "./history.ts";
import { dropInvalidIndexes, invalidIndexes } from "./indexes.ts";
import { MigrationLock } from "./lock.ts";
import { adoptExistingIndex, describeRemains } from "./remains.ts";
import { grantPrivileges } from "./roles.ts";
import { readStatements } from "./statements.ts";

export { MigrationError } from "./error.ts";
export type { Migration, MigrationStatus } from "./history.ts";

/** Options of `migrate` and `rollback`. */
export interface MigrateOptions {
  /** The database's URL, or the parsed URL of a configuration. */
  readonly url: string | Target;
  /** The trusted authorities as PEM text. Defaults to the runtime's list. */
  readonly ca?: string | undefined;
  /** As in the configuration. */
  readonly allowCleartextPassword?: boolean;
  /** As in the configuration. */
  readonly plaintextHosts?: readonly string[];
  /** Defaults to `db/migrations` of this package. A file `roles.sql` next to the folder grants privileges. */
  readonly migrationsDir?: string;
  /** Receives progress lines. */
  readonly log?: (line: string) => void;
  /** Milliseconds to wait for another migrator. Defaults to 300,000. */
  readonly wait?: number;
  /** Milliseconds a statement may wait for a lock, and block others behind it. Defaults to 5,000. */
  readonly lockTimeout?: number;
  /** Maximum attempts of a migration that cannot get its locks. Defaults to 5. */
  readonly maxAttempts?: number;
  /** Defaults to the dbmate of the npm package. */
  readonly binary?: string;
}

/** The server, and the trust in it. */
type ServerOptions = Pick<
  MigrateOptions,
  "url" | "ca" | "allowCleartextPassword" | "plaintextHosts"
>;

/** The result of `migrate` and `rollback`. */
export interface MigrateResult {
  /** The applied, or rolled back, migrations. */
  readonly done: readonly Migration[];
  /** The number of applied migrations now. */
  readonly total: number;
}

/** The state of a running migrator: its lock, its files, and a folder for dbmate. */
interface Work {
  readonly address: ConnectionOptions;
  readonly lock: MigrationLock;
  readonly files: readonly MigrationFile[];
  readonly state: MigrationState;
  readonly log: (line: string) => void;
  /** dbmate reads copies, so that it runs the checked text. */
  readonly folder: string;
  readonly dbmate: Omit<DbmateRun, "settings">;
}

const CONNECT_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 5_000;

/**
 * Creates the database if it does not exist, applies every pending migration in its own run of
 * dbmate, creates missing roles and grants their privileges. Waits for another migrator.
 *
 * @throws {MigrationError} a file, the order, the history or a statement is wrong.
 * @throws {ConnectionError | TimeoutError} the server is unreachable.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  const files = await readMigrations(options.migrationsDir ?? MIGRATIONS);
  await createDatabase(await addressOf(options), options.log ?? silent);
  return await withLock(options, files, async (work) => {
    refuseHistory(work.state);
    refuseOrder(work.state);
    await updateRecords(work.state, work.lock.connection, work.log);
    const done: Migration[] = [];
    for (const { version, name } of work.state.pending) {
      const file = files.find((candidate) => candidate.version === version)!;
      await writeFile(join(work.folder, file.file), file.text);
      await announce(file, work.lock.connection);
      await apply(file, work, options);
      await record(file, work.lock.connection);
      done.push({ version, name });
    }
    await grantPrivilegesAgain(work, options, false);
    await logInvalidIndexes(work);
    return { done, total: work.state.applied.length + done.length };
  });
}

/**
 * Rolls back the newest applied migration, and grants the roles their privileges on the remaining objects.
 *
 * @throws {MigrationError} as `migrate`; also if the newest migration's file is missing or edited:
 *   dbmate would roll back an older migration, or run statements that do not match.
 */
export async function rollback(options: MigrateOptions): Promise<MigrateResult> {
  const files = await readMigrations(options.migrationsDir ?? MIGRATIONS);
  return await withLock(options, files, async (work) => {
    refuseHistory(work.state);
    const last = work.state.applied.at(-1);
    if (last === undefined) {
      work.log("Nothing to roll back: no migration is applied");
      return { done: [], total: 0 };
    }
    await updateRecords(work.state, work.lock.connection, work.log);
    const file = files.find((candidate) => candidate.version === last.version)!;
    await attempt(file, "down", ["rollback"], work, options);
    const forget = "delete from public.schema_checksums where version = $1";
    await work.lock.connection.ask(forget, [last.version]);
    await grantPrivilegesAgain(work, options, true);
    return { done: [last], total: work.state.applied.length - 1 };
  });
}

/**
 * Compares the database with the folder. Changes nothing, and waits for no lock.
 *
 * @param options.timeout Milliseconds for the connection. Defaults to 10,000.
 * @throws {ConnectionError} reason `missing_database`: the database does not exist.
 */
export async function status(
  options: ServerOptions & Pick<MigrateOptions, "migrationsDir"> & { readonly timeout?: number },
): Promise<MigrationStatus> {
  const files = await readMigrations(options.migrationsDir ?? MIGRATIONS);
  const connection = await ToolConnection.open(
    await addressOf(options),
    options.timeout ?? CONNECT_TIMEOUT_MS,
  );
  try {
    const { unrecorded: _, ...known } = await compare(connection, files);
    return known;
  } finally {
    await connection.end();
  }
}

async function addressOf(
  { url, ca, allowCleartextPassword = false, plaintextHosts = [] }: ServerOptions,
): Promise<ConnectionOptions> {
  if (typeof url !== "string") return { target: url, ca, allowCleartextPassword, plaintextHosts };
  const tls = { plaintextHosts, ...(ca === undefined ? {} : { ca }) };
  return (await loadConfig({ url, allowCleartextPassword, tls })).database;
}

function silent(): void {}

/** Runs `act` as the only migrator, with a folder that holds the applied files. */
async function withLock(
  options: MigrateOptions,
  files: readonly MigrationFile[],
  act: (work: Work) => Promise<MigrateResult>,
): Promise<MigrateResult> {
  const log = options.log ?? silent;
  const address = await addressOf(options);
  const lock = await MigrationLock.take(address, options.wait ?? 300_000, log);
  const folder = await mkdtemp(join(tmpdir(), "netraven-migrate-"));
  try {
    const state = await compare(lock.connection, files);
    for (const file of files) {
      if (!state.pending.some(({ version }) => version === file.version)) {
        await writeFile(join(folder, file.file), file.text);
      }
    }
    let caFile: string | undefined;
    if (address.ca !== undefined) await writeFile(caFile = join(folder, "ca.pem"), address.ca);
    return await act({
      address,
      lock,
      files,
      state,
      log,
      folder,
      dbmate: {
        target: address.target,
        encrypted: !mayBePlain(address),
        caFile,
        migrationsDir: folder,
        log,
        signal: lock.lost,
        ...(options.binary === undefined ? {} : { binary: options.binary }),
      },
    });
  } catch (error) {
    throw lock.lost.aborted ? lock.lost.reason : error;
  } finally {
    await lock.release();
    await rm(folder, { recursive: true, force: true });
  }
}

async function apply(file: MigrationFile, work: Work, options: MigrateOptions): Promise<void> {
  if (!file.transaction.up) {
    const { address, lock: { connection, lost: signal }, log } = work;
    const { lockTimeout = LOCK_TIMEOUT_MS } = options;
    const repair = { address, connection, lockTimeout, signal, log };
    const name = `Migration "${file.file}" (repair)`;
    await withRetries(name, true, work, options, () => dropInvalidIndexes(file, repair));
  }
  // `migrate`, not `up`: the database exists. `--strict` repeats the check of the order.
  await attempt(file, "up", ["--no-dump-schema", "migrate", "--strict"], work, options);
}

/** Runs dbmate for one file, and retries while it cannot get its locks. */
async function attempt(
  file: MigrationFile,
  direction: "up" | "down",
  args: readonly string[],
  work: Work,
  options: MigrateOptions,
): Promise<void> {
  const { lockTimeout = LOCK_TIMEOUT_MS } = options;
  const transaction = file.transaction[direction];
  // `create index concurrently` must wait for the end of long transactions, and blocks nobody
  // meanwhile. Every other statement blocks others, in a transaction or not.
  const patient = !transaction &&
    readStatements(file.sql[direction]).some((words) => words.includes("concurrently"));
  const settings = { lock_timeout: patient ? "0" : String(lockTimeout) };
  const name = `Migration "${file.file}"${direction === "down" ? " (down)" : ""}`;
  try {
    // Outside a transaction, a retry is not safe.
    await withRetries(
      name,
      transaction,
      work,
      options,
      () => runDbmate(["--no-dump-schema", ...args], { ...work.dbmate, settings }),
    );
  } catch (error) {
    if (transaction || !(error instanceof MigrationError) || work.lock.lost.aborted) throw error;
    const { log, lock: { connection } } = work;
    if (direction === "up" && await adoptExistingIndex(file, error, connection, log)) return;
    const { code, message, sqlState } = error;
    const remains = await describeRemains(file, direction, error, connection);
    throw new MigrationError(code, `${message}${remains}`, { sqlState });
  }
}

/** Runs `act`, and retries while it cannot get its locks. Its error names the migration. */
async function withRetries(
  name: string,
  mayRetry: boolean,
  { lock, log }: Work,
  { lockTimeout = LOCK_TIMEOUT_MS, maxAttempts = 5 }: MigrateOptions,
  act: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code === "LOCK_LOST") throw error;
      const { sqlState } = error;
      if (sqlState === "55P03" && mayRetry && attempt < maxAttempts) {
        log(
          `${name} did not get its locks within ${lockTimeout} ms; retrying (attempt ${attempt} of ${maxAttempts})`,
        );
        await sleep(Math.min(attempt * 1000, lockTimeout), undefined, { signal: lock.lost });
        continue;
      }
      const code = error instanceof MigrationError ? error.code : "STATEMENT";
      const hint = sqlState === "55P03"
        ? "; a long query or transaction locks the table: see pg_stat_activity, and try again"
        : "";
      throw new MigrationError(code, `${name} failed: ${error.message}${hint}`, { sqlState });
    }
  }
}

/** Grants the privileges again: every migration may have created or rebuilt objects. */
async function grantPrivilegesAgain(
  { lock, log }: Work,
  { migrationsDir = MIGRATIONS }: MigrateOptions,
  lenient: boolean,
): Promise<void> {
  const file = join(dirname(migrationsDir), "roles.sql");
  if (existsSync(file)) await grantPrivileges(lock.connection, { file, lenient, log });
}

/** Logs the invalid indexes that this tool does not repair, since no pending file builds them. */
async function logInvalidIndexes({ lock: { connection }, log }: Work): Promise<void> {
  for (const { name, table, pid } of await invalidIndexes(connection)) {
    if (pid !== null) continue;
    log(
      `Invalid: index ${name} on ${table} serves no query and slows every write; no pending ` +
        "migration builds it: drop it, or reindex it concurrently",
    );
  }
}

async function createDatabase(
  address: ConnectionOptions,
  log: (line: string) => void,
): Promise<void> {
  const { user, database } = address.target;
  try {
    const connection = await ToolConnection.open(address, CONNECT_TIMEOUT_MS);
    return await connection.end();
  } catch (error) {
    if (!(error instanceof ConnectionError && error.reason === "missing_database")) throw error;
  }
  const target = { ...address.target, database: "postgres" };
  const connection = await ToolConnection.open({ ...address, target }, CONNECT_TIMEOUT_MS);
  try {
    await connection.command(`create database "${database.replaceAll('"', '""')}"`, 60_000);
    log(`Created: database "${database}"`);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    // Another migrator created it first.
    if (error.sqlState === "42P04" || error.sqlState === "23505") return;
    if (error.sqlState !== "42501") throw error;
    const message =
      `Database "${database}" does not exist, and role "${user}" may not create it; ` +
      `run as an administrator: create database "${database}" owner "${user}"`;
    throw new MigrationError("CREATE_DATABASE", message, { sqlState: error.sqlState });
  } finally {
    await connection.end();
  }
}
