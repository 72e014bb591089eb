/** Schedules: making them, changing them, and turning those that are due into jobs. */
import { NotFoundError, ParameterError } from "../errors.ts";
import {
  scheduleDueList,
  scheduleGet,
  type ScheduleGetResult,
  scheduleInsert,
  type ScheduleInsertResult,
  scheduleRun,
  scheduleUpdate,
  type ScheduleUpdateResult,
} from "../generated/schedules.ts";
import { nullable } from "../connection/parameters.ts";
import type { CallOptions, Queryable } from "../query.ts";

/** When a schedule is due: by a cron expression or by an interval. */
export interface ScheduleTiming {
  /** Five fields, or a name such as `@daily`. */
  readonly cron?: string | undefined;
  /** Seconds from one run to the next. */
  readonly everySeconds?: number | undefined;
  /** The IANA name of the time zone that the cron expression is read in; UTC unless told. */
  readonly timeZone?: string | undefined;
}

/** A schedule to make. */
export interface ScheduleCreate extends ScheduleTiming {
  /** Unique. */
  readonly name: string;
  /** The device to work on. */
  readonly deviceId?: number | undefined;
  /** Or every device with one of these tags. */
  readonly tagNames?: readonly string[] | undefined;
  /** The type of its jobs; `backup` unless told. */
  readonly jobType?: string | undefined;
  /** The priority of its jobs; 0 unless told. */
  readonly priority?: number | undefined;
  /** True unless told. */
  readonly enabled?: boolean | undefined;
}

/** What is to be another. */
export type ScheduleChange =
  & ScheduleTiming
  & Pick<Partial<ScheduleCreate>, "name" | "jobType" | "priority" | "enabled">;

/** What became of a schedule that was due. */
export interface ScheduleRan {
  readonly id: number;
  /** How many jobs it made. */
  readonly jobs: number;
  /** False: it has no next time, or none that can be found out, and was disabled. */
  readonly enabled: boolean;
}

/** A schedule as far as its next time goes. */
interface Timed {
  readonly cron: string | null;
  readonly everySeconds: number | null;
  readonly timeZone: string;
}

/** Schedules that one statement runs. */
const BATCH = 100;

/**
 * Makes a schedule, first due at its next time from now on; one with an interval is due at once.
 *
 * @throws {ParameterError} it has neither or both of cron and interval, or of device and tags; a cron
 *   expression or a time zone is none; by `field`.
 * @throws {NotFoundError} one of the tags does not exist.
 * @throws {ConstraintError} the name is taken, or there is no such device.
 * @throws {ConnectionError | TimeoutError}
 * @example
 * await tagEnsure.run({ names: ["core"] }, db);
 * const schedule = await scheduleCreate(db, {
 *   name: "core, every night",
 *   cron: "30 2 * * *",
 *   timeZone: "Europe/Vienna",
 *   tagNames: ["core"],
 * });
 * console.log(schedule.nextRunAt);
 */
export async function scheduleCreate(
  db: Queryable,
  given: ScheduleCreate,
  options: CallOptions = {},
): Promise<ScheduleInsertResult> {
  const { tagNames = [], deviceId } = given;
  if ((deviceId === undefined) === (tagNames.length === 0)) {
    throw new ParameterError("tagNames", "or deviceId is what a schedule is for: one of them");
  }
  const timing = timed(given);
  const { rows: [clock] } = await db.query<{ now: Date }>(
    "select date_trunc('milliseconds', now()) as now",
    [],
    { ...options, name: "ScheduleClock", reads: true },
  );
  const nextRunAt = timing.cron === null ? clock!.now : await nextTime(timing, clock!.now);
  const parameters = { ...given, tagNames, nextRunAt };
  const schedule = await scheduleInsert.first(parameters, db, options);
  if (schedule !== undefined) return schedule;
  throw new NotFoundError("A tag of the schedule does not exist", { query: "ScheduleInsert" });
}

/**
 * Changes a schedule; what is absent stays. Its next time is found out anew, so that one that is
 * enabled again does not make up for what it missed.
 *
 * @throws {NotFoundError} there is no such schedule.
 * @throws as `scheduleCreate`.
 * @example
 * await tagEnsure.run({ names: ["edge"] }, db);
 * const { id } = await scheduleCreate(db, { name: "edge", everySeconds: 3600, tagNames: ["edge"] });
 * await scheduleChange(db, id, { enabled: false });
 */
export async function scheduleChange(
  db: Queryable,
  id: number,
  given: ScheduleChange,
  options: CallOptions = {},
): Promise<ScheduleUpdateResult> {
  const before: ScheduleGetResult = await scheduleGet.one({ id }, db, options);
  const { cron, everySeconds } = given;
  const timing = timed({
    cron: everySeconds === undefined ? cron ?? before.cron ?? undefined : cron,
    everySeconds: cron === undefined
      ? everySeconds ?? before.everySeconds ?? undefined
      : everySeconds,
    timeZone: given.timeZone ?? before.timeZone,
  });
  const nextRunAt = await nextTime(timing, before.now, before.nextRunAt);
  return await scheduleUpdate.one({ ...given, id, nextRunAt }, db, options);
}

/**
 * Turns the schedules that are due into jobs, each once, however many processes call this at the same
 * time. Runs that were missed meanwhile are one. A device that has a job waiting gets no other.
 *
 * @returns The schedules that this call has run, none where nothing was due.
 * @throws {ConnectionError | TimeoutError | QueryError} nothing, or some, were run; call again.
 * @example
 * for (const { id, jobs } of await scheduleRunDue(db)) console.log(`schedule ${id}: ${jobs} jobs`);
 */
export async function scheduleRunDue(
  db: Queryable,
  options: CallOptions = {},
): Promise<ScheduleRan[]> {
  const ran: ScheduleRan[] = [];
  for (;;) {
    const due = await scheduleDueList.run({ limit: BATCH }, db, options);
    if (due.length === 0) return ran;
    const next = await Promise.all(due.map((schedule) =>
      // What somebody wrote who did not ask scheduleCreate may be anything: it is disabled.
      nextTime(schedule, schedule.now, schedule.nextRunAt).catch(() => null)
    ));
    const rows = await scheduleRun.run(
      {
        ids: due.map(({ id }) => id),
        dueAts: due.map(({ nextRunAt }) => nextRunAt),
        nextAts: nullable(next),
      },
      db,
      options,
    );
    ran.push(...rows);
    if (due.length < BATCH || rows.length === 0) return ran;
  }
}

function timed({ cron, everySeconds, timeZone = "UTC" }: ScheduleTiming): Timed {
  if ((cron === undefined) === (everySeconds === undefined)) {
    throw new ParameterError("cron", "or everySeconds says when a schedule is due: one of them");
  }
  if (everySeconds !== undefined && !(Number.isInteger(everySeconds) && everySeconds > 0)) {
    throw new ParameterError("everySeconds", "must be a whole number, more than 0");
  }
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    throw new ParameterError("timeZone", "is no time zone");
  }
  return { cron: cron ?? null, everySeconds: everySeconds ?? null, timeZone };
}

/**
 * The first time after now.
 *
 * @param before The time that was due: an interval goes on from it.
 * @throws {ParameterError} the expression is none, or names no time that comes.
 */
async function nextTime(
  { cron, everySeconds, timeZone }: Timed,
  now: Date,
  before = now,
): Promise<Date> {
  if (cron === null) {
    const interval = everySeconds! * 1000;
    const passed = Math.max(0, Math.floor((now.getTime() - before.getTime()) / interval) + 1);
    return new Date(before.getTime() + passed * interval);
  }
  const { Cron } = await import("croner");
  let next: Date | null;
  try {
    next = new Cron(cron, { timezone: timeZone, mode: "5-part", paused: true }).nextRun(now);
  } catch {
    throw new ParameterError("cron", "is no cron expression of five fields");
  }
  if (next === null) throw new ParameterError("cron", "names no time that comes");
  return next;
}
