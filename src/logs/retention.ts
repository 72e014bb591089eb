/** Log maintenance: creates partitions ahead of time and removes expired logs. */
import { ConfigError, DatabaseError } from "../errors.ts";
import { connectionLogExpireByType } from "../generated/internal/connection_logs.ts";
import { jobLogExpireByLevel, jobLogExpireByType } from "../generated/internal/job_logs.ts";
import {
  logPartitionMake,
  logPartitionStepList,
  type LogPartitionStepListRow,
  logWriterExpire,
} from "../generated/internal/log_partitions.ts";
import { type Level, LEVELS } from "./buffer.ts";
import { timerTime } from "../nap.ts";
import type { Queryable } from "../query.ts";
import { isCount, settingOr } from "../settings/schema.ts";
import type { Core, DatabaseSession, Transaction } from "../session.ts";
import { codeOf } from "../telemetry/trace.ts";

/** Parameters of `maintain`. */
export interface MaintenanceParams {
  /** True to report the changes without making them. */
  readonly dryRun?: boolean | undefined;
  /**
   * Milliseconds that the detachment of one partition may wait for transactions that read the logs.
   * Defaults to 30,000. After a timeout the next run continues.
   */
  readonly patience?: number | undefined;
}

/** Options of `maintain`. */
export interface MaintenanceOptions {
  /** Called for each partition and after each batch of deleted lines or sessions. */
  readonly onProgress?: ((progress: MaintenanceProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One completed step. */
export type MaintenanceProgress =
  | { readonly step: "make" | "detach" | "finalize" | "drop"; readonly partition: string }
  | { readonly step: "delete"; readonly lines: number; readonly sessions: number };

/** Result of `maintain`, or the planned changes of a dry run. */
export interface MaintenanceResult {
  /** Names of the created partitions. */
  readonly made: readonly string[];
  /** Names of the dropped partitions. */
  readonly dropped: readonly string[];
  /** Partitions that could not be dropped yet, with the code of the error. */
  readonly left: readonly { readonly partition: string; readonly code: string }[];
  /** Lines and sessions that were deleted by their level or the type of their job. */
  readonly lines: number;
  readonly sessions: number;
}

/** Retention policy of the logs, in days; undefined keeps them forever. */
export interface LogPolicy {
  /** Time range of a partition. */
  readonly period: "week" | "month";
  readonly jobLogDays: number | undefined;
  readonly connectionLogDays: number | undefined;
  /** Shorter retention of lines by level. */
  readonly levels: ReadonlyMap<Level, number>;
  /** Shorter retention of lines and sessions by job type. */
  readonly types: ReadonlyMap<string, number>;
}

type MaintenanceRun = MaintenanceParams & MaintenanceOptions;

/** A connection as the owner of the tables. */
interface Owner extends Queryable {
  transaction<T>(callback: (tx: Transaction) => Promise<T>): Promise<T>;
}

/** Future partitions to keep ready. */
const PARTITIONS_AHEAD = 2;
/** Lines or sessions that one statement deletes. */
const DELETE_BATCH_ROWS = 5_000;
/** In a dry run one statement counts all rows. */
const MAX_ROWS = 2_147_483_647;
const DETACH_TIMEOUT_MS = 30_000;
const DELETE_TIMEOUT_MS = 600_000;
const INSUFFICIENT_PRIVILEGE_SQLSTATE = "42501";
const TYPE_KEY_PREFIX = "log_type_retention_days_";
const LEVEL_KEY_PREFIX = "log_level_retention_days_";
/** A dry run throws this to roll its transaction back. */
const DRY_RUN_ROLLBACK = Symbol("dry run");

const days = settingOr<number | undefined>(undefined, (value) => isCount(value) && value > 0);
const periodOf = settingOr<"week" | "month">("week", (value) => value === "month");

/**
 * Reads the retention policy from the system settings `log_partition_period` and `log_retention_days`.
 * `job_log_retention_days` and `connection_log_retention_days` override the latter;
 * `log_level_retention_days_<level>` and `log_type_retention_days_<job type>` shorten it.
 *
 * @throws {ConfigError} a setting is invalid; `path` names its key.
 */
export async function logPolicy(
  settings: DatabaseSession["settings"],
  signal?: AbortSignal,
): Promise<LogPolicy> {
  const read = (key: string) => settings.get(key, days, { signal });
  const all = await read("log_retention_days");
  const levels = new Map<Level, number>();
  for (const level of LEVELS) {
    const value = await read(`${LEVEL_KEY_PREFIX}${level}`);
    if (value !== undefined) levels.set(level, value);
  }
  const types = new Map<string, number>();
  for (const { key } of await settings.entries({ signal })) {
    if (
      key.startsWith(LEVEL_KEY_PREFIX) &&
      !LEVELS.some((level) => key === `${LEVEL_KEY_PREFIX}${level}`)
    ) {
      throw new ConfigError(`The key must end with a level: ${LEVELS.join(", ")}`, {
        path: `settings.${key}`,
      });
    }
    const value = key.startsWith(TYPE_KEY_PREFIX) ? await read(key) : undefined;
    if (value !== undefined) types.set(key.slice(TYPE_KEY_PREFIX.length), value);
  }
  return {
    period: await settings.get("log_partition_period", periodOf, { signal }),
    jobLogDays: await read("job_log_retention_days") ?? all,
    connectionLogDays: await read("connection_log_retention_days") ?? all,
    levels,
    types,
  };
}

/** Does what `maintain` of `logs/mod.ts` says. */
export async function maintain(
  params: MaintenanceParams,
  db: DatabaseSession,
  options: MaintenanceOptions = {},
): Promise<MaintenanceResult> {
  const policy = await logPolicy(db.settings, options.signal);
  const { config, beside } = db.attached(coreOf);
  await using owner = beside(await config.database.migration());
  return await maintainLogs(owner, policy, { ...params, ...options });
}

function coreOf(core: Core): Core {
  return core;
}

/** @throws {ConfigError} the role does not own the tables. */
async function maintainLogs(
  owner: Owner,
  policy: LogPolicy,
  options: MaintenanceRun,
): Promise<MaintenanceResult> {
  try {
    const made = await createPartitions(owner, policy, options);
    const { dropped, left } = await dropPartitions(owner, policy, options);
    const deleted = await deleteExpired(owner, policy, options);
    // Invalidates the partition lists that sessions have cached, see log_partition_make.
    if (made.length > 0 && !options.dryRun) {
      await createPartitions(owner, policy, { signal: options.signal });
    }
    return { made, dropped, left, ...deleted };
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.sqlState !== INSUFFICIENT_PRIVILEGE_SQLSTATE) {
      throw error;
    }
    throw new ConfigError(
      "Only the owner of the tables may remove logs: set DATABASE_MIGRATION_URL to its URL",
    );
  }
}

async function createPartitions(
  owner: Owner,
  { period }: LogPolicy,
  { dryRun = false, onProgress, signal }: MaintenanceRun,
): Promise<string[]> {
  let made: string[] = [];
  try {
    await owner.transaction(async (tx) => {
      const rows = await logPartitionMake.run({ period, ahead: PARTITIONS_AHEAD }, tx, { signal });
      made = rows.map((row) => row.made);
      if (dryRun) throw DRY_RUN_ROLLBACK;
    });
  } catch (error) {
    if (error !== DRY_RUN_ROLLBACK) throw error;
  }
  for (const partition of made) onProgress?.({ step: "make", partition });
  return made;
}

/**
 * Detaches and drops expired partitions. `detach concurrently` blocks no writer; it must run outside
 * a transaction.
 */
async function dropPartitions(
  owner: Owner,
  { jobLogDays, connectionLogDays }: LogPolicy,
  { dryRun = false, patience = DETACH_TIMEOUT_MS, onProgress, signal }: MaintenanceRun,
): Promise<Pick<MaintenanceResult, "dropped" | "left">> {
  const timeout = timerTime("patience", patience);
  const dropped = new Set<string>();
  const failed = new Map<string, string>();
  const list = () => logPartitionStepList.run({ jobLogDays, connectionLogDays }, owner, { signal });
  const next = (steps: LogPartitionStepListRow[]) =>
    steps.find(({ partitionName, step }) => !failed.has(`${partitionName} ${step}`));
  let steps = await list();
  if (dryRun) return { dropped: steps.map(({ partitionName }) => partitionName), left: [] };
  for (let todo = next(steps); todo !== undefined; todo = next(steps)) {
    const { partitionName: partition, step, statement } = todo;
    try {
      const name = `LogPartition ${step}`;
      const { rows } = await owner.query(statement, [], { name, timeout, signal });
      const done = step !== "drop" || Object.values(rows[0]!)[0] === true;
      // The result is false if another run has dropped it meanwhile.
      if (done) onProgress?.({ step, partition } as MaintenanceProgress);
      if (done && step === "drop") dropped.add(partition);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DatabaseError) || error.sqlState === INSUFFICIENT_PRIVILEGE_SQLSTATE) {
        throw error;
      }
      // If another run has completed the step, the next list does not contain it.
      failed.set(`${partition} ${step}`, codeOf(error) ?? "");
    }
    steps = await list();
  }
  const left = steps.map(({ partitionName, step }) => ({
    partition: partitionName,
    code: failed.get(`${partitionName} ${step}`)!,
  }));
  return { dropped: [...dropped], left };
}

/** Deletes lines and sessions that expire before their partition does, in batches. */
async function deleteExpired(
  owner: Owner,
  { jobLogDays, connectionLogDays, levels, types }: LogPolicy,
  { dryRun = false, onProgress, signal }: MaintenanceRun,
): Promise<Pick<MaintenanceResult, "lines" | "sessions">> {
  const limit = dryRun ? MAX_ROWS : DELETE_BATCH_ROWS;
  const call = { signal, timeout: DELETE_TIMEOUT_MS };
  const sum = { lines: 0, sessions: 0 };
  const count = (lines: number, sessions: number) => {
    sum.lines += lines;
    sum.sessions += sessions;
    if (lines + sessions > 0) onProgress?.({ step: "delete", ...sum });
  };
  for (const [level, days] of levels) {
    if (days >= (jobLogDays ?? Infinity)) continue;
    for (let after: { afterTimestamp?: Date; afterId?: number } = {};;) {
      const parameters = { level, days, limit, dryRun, ...after };
      const { deleted, timestamp, id } = await jobLogExpireByLevel.one(parameters, owner, call);
      count(deleted, 0);
      if (deleted < limit || timestamp === null || id === null) break;
      after = { afterTimestamp: timestamp, afterId: id };
    }
  }
  for (const [jobType, days] of types) {
    const tables = [
      [jobLogExpireByType, jobLogDays, (deleted: number) => count(deleted, 0)],
      [connectionLogExpireByType, connectionLogDays, (deleted: number) => count(0, deleted)],
    ] as const;
    for (const [query, tableDays, report] of tables) {
      if (days >= (tableDays ?? Infinity)) continue;
      for (let afterJobId = 0;;) {
        const parameters = { jobType, days, limit, dryRun, afterJobId };
        const { deleted, lastJobId } = await query.one(parameters, owner, call);
        report(deleted);
        if (deleted === limit) continue;
        if (lastJobId === null) break;
        afterJobId = lastJobId;
      }
    }
  }
  if (!dryRun) await logWriterExpire.run(undefined, owner, { signal });
  return sum;
}
