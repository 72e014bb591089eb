/** Keeping the logs in shape: parts ahead of time, and nothing that is too old. */
import { ConfigError, DatabaseError } from "../errors.ts";
import { connectionLogExpireByType } from "../generated/connection_logs.ts";
import { jobLogExpireByLevel, jobLogExpireByType } from "../generated/job_logs.ts";
import {
  logPartitionMake,
  logPartitionStepList,
  type LogPartitionStepListResult,
  logWriterExpire,
} from "../generated/log_partitions.ts";
import { type Level, LEVELS } from "./buffer.ts";
import { timerTime } from "../nap.ts";
import type { Queryable } from "../query.ts";
import { isCount, settingOr } from "../settings/schema.ts";
import type { Settings } from "../settings/settings.ts";
import type { Transaction } from "../connection/transaction.ts";
import { codeOf } from "../telemetry/trace.ts";

/** What `maintain` takes. */
export interface MaintainOptions {
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean | undefined;
  /**
   * Milliseconds that letting go of one part may wait for transactions that look at the logs; 30,000
   * unless told. The next run goes on with it.
   */
  readonly patience?: number | undefined;
  /** Told of each part, and of lines that were deleted, as it happens. */
  readonly onProgress?: ((progress: MaintainProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One thing that was done. */
export type MaintainProgress =
  | { readonly step: "make" | "detach" | "finalize" | "drop"; readonly partition: string }
  | { readonly step: "delete"; readonly lines: number; readonly sessions: number };

/** What was done, or would be. */
export interface Maintained {
  /** Parts that were made, by name. */
  readonly made: readonly string[];
  /** Parts that went. */
  readonly dropped: readonly string[];
  /** Parts that could not go yet, and the code of the error that stood in the way. */
  readonly left: readonly { readonly partition: string; readonly code: string }[];
  /** Lines and sessions that went one by one, by their level or the type of their job. */
  readonly lines: number;
  readonly sessions: number;
}

/** How long the logs are kept, in days; undefined: for ever. */
export interface LogPolicy {
  /** How much time lies in a part. */
  readonly period: "week" | "month";
  readonly jobLogDays: number | undefined;
  readonly connectionLogDays: number | undefined;
  /** Less for lines of a level. */
  readonly levels: ReadonlyMap<Level, number>;
  /** Less for lines and sessions of jobs of a type. */
  readonly types: ReadonlyMap<string, number>;
}

/** The owner of the tables. */
interface Owner extends Queryable {
  transaction<T>(callback: (tx: Transaction) => Promise<T>): Promise<T>;
}

/** Parts that are there before their time comes. */
const AHEAD = 2;
/** Lines that one statement deletes. */
const BATCH = 5_000;
/** Where nothing is deleted, one statement counts them all. */
const ALL = 2_147_483_647;
const PATIENCE = 30_000;
/** Milliseconds of such a statement. */
const LONG = 600_000;
const NOT_ALLOWED = "42501";
const TYPE = "log_type_retention_days_";
const LEVEL = "log_level_retention_days_";
/** Undoes what a dry run has tried. */
const UNDONE = Symbol("undone");

const days = settingOr<number | undefined>(undefined, (value) => isCount(value) && value > 0);
const periodOf = settingOr<"week" | "month">("week", (value) => value === "month");

/**
 * What the system settings say of the logs: `log_partition_period`, `log_retention_days`, instead of
 * it `job_log_retention_days` and `connection_log_retention_days`, and for less
 * `log_level_retention_days_<level>` and `log_type_retention_days_<job type>`.
 *
 * @throws {ConfigError} a setting is not what it has to be, with its key.
 */
export async function logPolicy(settings: Settings, signal?: AbortSignal): Promise<LogPolicy> {
  const read = (key: string) => settings.get(key, days, { signal });
  const all = await read("log_retention_days");
  const levels = new Map<Level, number>();
  for (const level of LEVELS) {
    const value = await read(`${LEVEL}${level}`);
    if (value !== undefined) levels.set(level, value);
  }
  const types = new Map<string, number>();
  for (const { key } of await settings.entries({ signal })) {
    if (key.startsWith(LEVEL) && !LEVELS.some((level) => key === `${LEVEL}${level}`)) {
      throw new ConfigError(`The key names no level: it ends with ${LEVELS.join(", ")}`, {
        path: `settings.${key}`,
      });
    }
    const value = key.startsWith(TYPE) ? await read(key) : undefined;
    if (value !== undefined) types.set(key.slice(TYPE.length), value);
  }
  return {
    period: await settings.get("log_partition_period", periodOf, { signal }),
    jobLogDays: await read("job_log_retention_days") ?? all,
    connectionLogDays: await read("connection_log_retention_days") ?? all,
    levels,
    types,
  };
}

/**
 * Does what `db.maintain` says.
 *
 * @throws {ConfigError} the role does not own the tables.
 */
export async function maintainLogs(
  owner: Owner,
  policy: LogPolicy,
  options: MaintainOptions = {},
): Promise<Maintained> {
  try {
    const made = await make(owner, policy, options);
    const { dropped, left } = await retire(owner, policy, options);
    const deleted = await expire(owner, policy, options);
    // Tells all sessions again of parts that are there now, see log_partition_make.
    if (made.length > 0 && !options.dryRun) await make(owner, policy, { signal: options.signal });
    return { made, dropped, left, ...deleted };
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.sqlState !== NOT_ALLOWED) throw error;
    throw new ConfigError(
      "Only the owner of the tables may remove logs: give its URL as DATABASE_MIGRATION_URL",
    );
  }
}

async function make(
  owner: Owner,
  { period }: LogPolicy,
  { dryRun = false, onProgress, signal }: MaintainOptions,
): Promise<string[]> {
  let made: string[] = [];
  try {
    await owner.transaction(async (tx) => {
      const rows = await logPartitionMake.run({ period, ahead: AHEAD }, tx, { signal });
      made = rows.map((row) => row.made);
      if (dryRun) throw UNDONE;
    });
  } catch (error) {
    if (error !== UNDONE) throw error;
  }
  for (const partition of made) onProgress?.({ step: "make", partition });
  return made;
}

/** Detaches parts without stopping a writer, which takes a statement outside of any transaction, and drops them. */
async function retire(
  owner: Owner,
  { jobLogDays, connectionLogDays }: LogPolicy,
  { dryRun = false, patience = PATIENCE, onProgress, signal }: MaintainOptions,
): Promise<Pick<Maintained, "dropped" | "left">> {
  const timeout = timerTime("patience", patience);
  const dropped = new Set<string>();
  const failed = new Map<string, string>();
  const list = () => logPartitionStepList.run({ jobLogDays, connectionLogDays }, owner, { signal });
  const next = (steps: LogPartitionStepListResult[]) =>
    steps.find(({ partitionName, step }) => !failed.has(`${partitionName} ${step}`));
  let steps = await list();
  if (dryRun) return { dropped: steps.map(({ partitionName }) => partitionName), left: [] };
  for (let todo = next(steps); todo !== undefined; todo = next(steps)) {
    const { partitionName: partition, step, statement } = todo;
    try {
      const name = `LogPartition ${step}`;
      const { rows } = await owner.query(statement, [], { name, timeout, signal });
      const done = step !== "drop" || Object.values(rows[0]!)[0] === true;
      // Another run may have dropped it meanwhile.
      if (done) onProgress?.({ step, partition } as MaintainProgress);
      if (done && step === "drop") dropped.add(partition);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DatabaseError) || error.sqlState === NOT_ALLOWED) throw error;
      // It may be that another run has done it: then it is not listed any more.
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

/** Deletes lines and sessions that are to go before their part does, in batches. */
async function expire(
  owner: Owner,
  { jobLogDays, connectionLogDays, levels, types }: LogPolicy,
  { dryRun = false, onProgress, signal }: MaintainOptions,
): Promise<Pick<Maintained, "lines" | "sessions">> {
  const limit = dryRun ? ALL : BATCH;
  const call = { signal, timeout: LONG };
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
    for (const [query, most, tell] of tables) {
      if (days >= (most ?? Infinity)) continue;
      for (let afterJobId = 0;;) {
        const parameters = { jobType, days, limit, dryRun, afterJobId };
        const { deleted, lastJobId } = await query.one(parameters, owner, call);
        tell(deleted);
        if (deleted === limit) continue;
        if (lastJobId === null) break;
        afterJobId = lastJobId;
      }
    }
  }
  if (!dryRun) await logWriterExpire.run(undefined, owner, { signal });
  return sum;
}
