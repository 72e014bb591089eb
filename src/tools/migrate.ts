/**
 * Moves the schema: dbmate, and what it lacks. A lock that polls, checksums of
 * applied files, refusal of a wrong order before anything runs, a lock timeout
 * with retries, and exit codes that are true.
 */
import { realpathSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../config/load.ts";
import { ConnectionError, DatabaseError } from "../errors.ts";
import type { ConnectionOptions } from "../connection/connection.ts";
import { mayBePlain } from "../connection/socket.ts";
import type { Target } from "../config/url.ts";
import { ToolConnection } from "./connection.ts";
import { type DbmateRun, runDbmate } from "./migrations/dbmate.ts";
import { MigrationError } from "./migrations/error.ts";
import {
  type MigrationFile,
  MIGRATIONS,
  newMigration,
  readMigrations,
} from "./migrations/files.ts";
import {
  announce,
  compare,
  keepBooks,
  type Migration,
  type MigrationState,
  type MigrationStatus,
  record,
  refuseHistory,
  refuseOrder,
} from "./migrations/history.ts";
import { dropInvalidIndexes, invalidIndexes } from "./migrations/indexes.ts";
import { MigrationLock } from "./migrations/lock.ts";
import { adoptStandingIndex, describeRemains } from "./migrations/remains.ts";
import { readStatements } from "./migrations/statements.ts";

export { newMigration } from "./migrations/files.ts";
export { MigrationError } from "./migrations/error.ts";
export type { Migration, MigrationStatus } from "./migrations/history.ts";

/** Which database, which files. */
export interface MigrateOptions {
  /** The database's URL, or what the configuration made of it. */
  readonly url: string | Target;
  /** PEM text of the authorities to trust; undefined: the runtime's own. */
  readonly ca?: string | undefined;
  /** As in the configuration. */
  readonly allowCleartextPassword?: boolean;
  /** As in the configuration. */
  readonly plaintextHosts?: readonly string[];
  /** Default: `db/migrations` of this package. */
  readonly migrationsDir?: string;
  /** Is told what happens, line by line; default: nobody. */
  readonly log?: (line: string) => void;
  /** Milliseconds to wait for another migrator; default 5 minutes. */
  readonly wait?: number;
  /** Milliseconds a statement may wait for a lock, and keep others waiting behind it; default 5,000. */
  readonly lockTimeout?: number;
  /** How often a migration is tried that could not get its locks; default 5. */
  readonly attempts?: number;
  /** Instead of the dbmate of the npm package. */
  readonly binary?: string;
}

/** Where to connect. */
type Connecting = Pick<
  MigrateOptions,
  "url" | "ca" | "allowCleartextPassword" | "plaintextHosts"
>;

/** What `migrate` and `rollback` did. */
export interface MigrateResult {
  /** The migrations that were applied, or taken back. */
  readonly done: readonly Migration[];
  /** How many are applied now. */
  readonly total: number;
}

/** A migrator at work: its lock, its files, and a folder for dbmate. */
interface Work {
  readonly address: ConnectionOptions;
  readonly lock: MigrationLock;
  readonly files: readonly MigrationFile[];
  readonly state: MigrationState;
  readonly log: (line: string) => void;
  /** dbmate reads copies, so what runs is what was checked. */
  readonly folder: string;
  readonly dbmate: Omit<DbmateRun, "settings">;
}

const CONNECT = 10_000;
const LOCK_TIMEOUT = 5_000;

/**
 * Creates the database where it is missing and applies every pending migration,
 * each in its own run of dbmate. Waits for another migrator.
 *
 * @throws {MigrationError} what is wrong with the files, the order, the history or a statement.
 * @throws {ConnectionError | TimeoutError} the server cannot be reached.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  const files = await readMigrations(options.migrationsDir ?? MIGRATIONS);
  await createDatabase(await addressOf(options), options.log ?? silent);
  return await withLock(options, files, async (work) => {
    refuseHistory(work.state);
    refuseOrder(work.state);
    await keepBooks(work.state, work.lock.connection, work.log);
    const done: Migration[] = [];
    for (const { version, name } of work.state.pending) {
      const file = files.find((candidate) => candidate.version === version)!;
      await writeFile(join(work.folder, file.file), file.text);
      await announce(file, work.lock.connection);
      await apply(file, work, options);
      await record(file, work.lock.connection);
      done.push({ version, name });
    }
    await nameInvalidIndexes(work);
    return { done, total: work.state.applied.length + done.length };
  });
}

/**
 * Takes back the newest applied migration.
 *
 * @throws {MigrationError} as `migrate`; also when the newest one's file is missing or edited,
 *   where dbmate would take back an older one, or run statements that do not fit.
 */
export async function rollback(options: MigrateOptions): Promise<MigrateResult> {
  const files = await readMigrations(options.migrationsDir ?? MIGRATIONS);
  return await withLock(options, files, async (work) => {
    refuseHistory(work.state);
    const last = work.state.applied.at(-1);
    if (last === undefined) {
      work.log("Nothing to take back: no migration is applied");
      return { done: [], total: 0 };
    }
    await keepBooks(work.state, work.lock.connection, work.log);
    const file = files.find((candidate) => candidate.version === last.version)!;
    await attempt(file, "down", ["rollback"], work, options);
    const forget = "delete from public.schema_checksums where version = $1";
    await work.lock.connection.ask(forget, [last.version]);
    return { done: [last], total: work.state.applied.length - 1 };
  });
}

/**
 * Compares the database with the folder; changes nothing and waits for nobody.
 *
 * @param options.timeout Milliseconds for the connection; default 10,000.
 * @throws {ConnectionError} reason `missing_database` where it is not created yet.
 */
export async function status(
  options: Connecting & Pick<MigrateOptions, "migrationsDir"> & { readonly timeout?: number },
): Promise<MigrationStatus> {
  const files = await readMigrations(options.migrationsDir ?? MIGRATIONS);
  const connection = await ToolConnection.open(
    await addressOf(options),
    options.timeout ?? CONNECT,
  );
  try {
    const { unrecorded: _, ...known } = await compare(connection, files);
    return known;
  } finally {
    await connection.end();
  }
}

async function addressOf(
  { url, ca, allowCleartextPassword = false, plaintextHosts = [] }: Connecting,
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
    const { lockTimeout = LOCK_TIMEOUT } = options;
    const repair = { address, connection, lockTimeout, signal, log };
    const what = `Migration "${file.file}" (repair)`;
    await withRetries(what, true, work, options, () => dropInvalidIndexes(file, repair));
  }
  // `migrate`, not `up`: the database is there. The order is checked already; this is the belt.
  await attempt(file, "up", ["--no-dump-schema", "migrate", "--strict"], work, options);
}

/** Runs dbmate for one file, again while it cannot get its locks. */
async function attempt(
  file: MigrationFile,
  direction: "up" | "down",
  args: readonly string[],
  work: Work,
  options: MigrateOptions,
): Promise<void> {
  const { lockTimeout = LOCK_TIMEOUT } = options;
  const transaction = file.transaction[direction];
  // `create index concurrently` must be able to wait for the end of long transactions; it keeps
  // nobody waiting meanwhile. Everything else does, in a transaction or not.
  const patient = !transaction &&
    readStatements(file.sql[direction]).some((words) => words.includes("concurrently"));
  const settings = { lock_timeout: patient ? "0" : String(lockTimeout) };
  const what = `Migration "${file.file}"${direction === "down" ? " (down)" : ""}`;
  try {
    // Outside a transaction nothing can be tried again safely.
    await withRetries(
      what,
      transaction,
      work,
      options,
      () => runDbmate(["--no-dump-schema", ...args], { ...work.dbmate, settings }),
    );
  } catch (error) {
    if (transaction || !(error instanceof MigrationError) || work.lock.lost.aborted) throw error;
    const { log, lock: { connection } } = work;
    if (direction === "up" && await adoptStandingIndex(file, error, connection, log)) return;
    const { code, message, sqlState } = error;
    const remains = await describeRemains(file, direction, error, connection);
    throw new MigrationError(code, `${message}${remains}`, { sqlState });
  }
}

/** Runs `act`, and again while it cannot get its locks; what it fails with names the migration. */
async function withRetries(
  what: string,
  again: boolean,
  { lock, log }: Work,
  { lockTimeout = LOCK_TIMEOUT, attempts = 5 }: MigrateOptions,
  act: () => Promise<void>,
): Promise<void> {
  for (let turn = 1;; turn++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code === "LOCK_LOST") throw error;
      const { sqlState } = error;
      if (sqlState === "55P03" && again && turn < attempts) {
        log(
          `${what} did not get its locks within ${lockTimeout} ms; trying again (${turn} of ${attempts})`,
        );
        await sleep(Math.min(turn * 1000, lockTimeout), undefined, { signal: lock.lost });
        continue;
      }
      const code = error instanceof MigrationError ? error.code : "STATEMENT";
      const hint = sqlState === "55P03"
        ? "; a long query or transaction holds the table: see pg_stat_activity, and try again"
        : "";
      throw new MigrationError(code, `${what} failed: ${error.message}${hint}`, { sqlState });
    }
  }
}

/** Tells of what no run of this tool will repair, since no pending file builds it. */
async function nameInvalidIndexes({ lock: { connection }, log }: Work): Promise<void> {
  for (const { name, table, pid } of await invalidIndexes(connection)) {
    if (pid !== null) continue;
    log(
      `Invalid: index ${name} on ${table} serves no query and costs every write; no pending ` +
        "migration builds it, so it is left alone: drop it, or reindex it concurrently",
    );
  }
}

async function createDatabase(
  address: ConnectionOptions,
  log: (line: string) => void,
): Promise<void> {
  const { user, database } = address.target;
  try {
    const connection = await ToolConnection.open(address, CONNECT);
    return await connection.end();
  } catch (error) {
    if (!(error instanceof ConnectionError && error.reason === "missing_database")) throw error;
  }
  const target = { ...address.target, database: "postgres" };
  const connection = await ToolConnection.open({ ...address, target }, CONNECT);
  try {
    await connection.command(`create database "${database.replaceAll('"', '""')}"`, 60_000);
    log(`Created: database "${database}"`);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    // Another migrator was quicker.
    if (error.sqlState === "42P04" || error.sqlState === "23505") return;
    if (error.sqlState !== "42501") throw error;
    const message =
      `Database "${database}" does not exist, and role "${user}" may not create it; ` +
      `an administrator can: create database "${database}" owner "${user}"`;
    throw new MigrationError("CREATE_DATABASE", message, { sqlState: error.sqlState });
  } finally {
    await connection.end();
  }
}

const USAGE = "Usage: migrate up | rollback | status | new <verb_noun> | schema";

/** The command line. Returns the exit code: 0, 1 for a failure, 2 for misuse. */
export async function main(args: readonly string[]): Promise<number> {
  const [command = "", ...rest] = args;
  const log = (line: string) => console.log(line);
  const wanted = { up: 0, rollback: 0, status: 0, schema: 0, new: 1 }[command];
  if (wanted === undefined || rest.length !== wanted) {
    console.error(USAGE);
    return 2;
  }
  try {
    if (command === "new") {
      log(`Wrote: ${await newMigration(rest[0]!)}`);
      return 0;
    }
    if (command === "schema") {
      const { writeSchema } = await import("./migrations/schema_file.ts");
      return await writeSchema({ log }) ? 0 : 1;
    }
    const { target: url, ...trust } = await (await loadConfig()).database.migration();
    const options = { url, ...trust, log };
    if (command === "status") return printStatus(await status(options));
    const { done, total } = command === "up" ? await migrate(options) : await rollback(options);
    const verb = command === "up" ? "Applied" : "Took back";
    log(`${verb} ${done.length} migrations, ${total} in total`);
    if (command === "rollback") return 0;
    // Imported here because the probe imports this module.
    const { main: check } = await import("./check.ts");
    return await check([]);
  } catch (error) {
    if (error instanceof TypeError && command === "new") {
      console.error(error.message);
      return 2;
    }
    if (!(error instanceof DatabaseError)) throw error;
    const hint = error.sqlState === "42501" && error.code !== "CREATE_DATABASE"
      ? "; the login may not: give the owner's URL as DATABASE_MIGRATION_URL or database.migration_url"
      : "";
    console.error(error.message + hint);
    return 1;
  }
}

function printStatus(state: MigrationStatus): number {
  const lines = Object.entries({
    applied: state.applied,
    EDITED: state.edited,
    MISSING: state.missing,
    NEWER: state.newer,
    pending: state.pending,
  }).flatMap(([word, list]) =>
    (list as readonly Migration[]).map(({ version, name }) => ({
      version,
      text: `${version} ${name}`,
      word,
    }))
  );
  lines.sort((a, b) => a.version < b.version ? -1 : 1);
  for (const { text, word } of lines) console.log(`${word.padEnd(8)} ${text}`);
  console.log(`${state.applied.length} applied, ${state.pending.length} pending`);
  return state.edited.length + state.missing.length + state.newer.length > 0 ? 1 : 0;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // Not awaited here: schema.ts imports this module, and each would wait for the other.
  void main(process.argv.slice(2)).then((code) => process.exitCode = code);
}
