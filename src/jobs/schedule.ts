/** Creates and changes schedules, and turns due schedules into jobs. */
import { NotFoundError, ParameterError } from "../errors.ts";
import {
  type Schedule,
  scheduleDueList,
  scheduleInsert,
  scheduleRun,
  scheduleUpdate,
} from "../generated/internal/schedules.ts";
import { scheduleGet, type ScheduleGetRow } from "../generated/schedules.ts";
import type { CallOptions, Queryable } from "../query.ts";

/** When a schedule is due: by a cron expression or by an interval. */
export interface ScheduleTiming {
  /** Cron expression with five fields, or a name such as `@daily`. */
  readonly cron?: string | undefined;
  /** Seconds from one run to the next. */
  readonly everySeconds?: number | undefined;
  /** IANA name of the time zone of the cron expression. Defaults to UTC. */
  readonly timeZone?: string | undefined;
}

/** Parameters of `scheduleCreate`. */
export interface ScheduleCreateParams extends ScheduleTiming {
  /** Unique. */
  readonly name: string;
  /** Device of the jobs. */
  readonly deviceId?: number | undefined;
  /** Alternative to `deviceId`: every device with one of these tags. */
  readonly tagNames?: readonly string[] | undefined;
  /** Type of the jobs. Defaults to `backup`. */
  readonly jobType?: string | undefined;
  /** Priority of the jobs. Defaults to 0. */
  readonly priority?: number | undefined;
  /** Defaults to true. */
  readonly enabled?: boolean | undefined;
}

/** Parameters of `scheduleChange`: the schedule and its new values. An absent value stays as it is. */
export type ScheduleChangeParams =
  & { readonly id: number }
  & ScheduleTiming
  & Pick<Partial<ScheduleCreateParams>, "name" | "jobType" | "priority" | "enabled">;

/** Result of one due schedule. */
export interface ScheduleRunResult {
  readonly id: number;
  /** Number of jobs that it created. */
  readonly jobs: number;
  /** False if the schedule has no next time, or an invalid timing, and was disabled. */
  readonly enabled: boolean;
}

/** The fields of a schedule that determine its next time. */
interface CheckedTiming {
  readonly cron: string | null;
  readonly everySeconds: number | null;
  readonly timeZone: string;
}

/** Schedules that one statement runs. */
const RUN_BATCH_SCHEDULES = 100;

/** Does what `scheduleCreate` of `jobs/mod.ts` says. */
export async function scheduleCreate(
  given: ScheduleCreateParams,
  db: Queryable,
  options: CallOptions = {},
): Promise<Schedule> {
  const { tagNames = [], deviceId } = given;
  if ((deviceId === undefined) === (tagNames.length === 0)) {
    const problem = 'must be given if "deviceId" is not, and not with it';
    throw new ParameterError("tagNames", problem);
  }
  const timing = checkedTiming(given);
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

/** Does what `scheduleChange` of `jobs/mod.ts` says. */
export async function scheduleChange(
  { id, ...given }: ScheduleChangeParams,
  db: Queryable,
  options: CallOptions = {},
): Promise<Schedule> {
  const before: ScheduleGetRow = await scheduleGet.one({ id }, db, options);
  const { cron, everySeconds } = given;
  const timing = checkedTiming({
    cron: everySeconds === undefined ? cron ?? before.cron ?? undefined : cron,
    everySeconds: cron === undefined
      ? everySeconds ?? before.everySeconds ?? undefined
      : everySeconds,
    timeZone: given.timeZone ?? before.timeZone,
  });
  const nextRunAt = await nextTime(timing, before.now, before.nextRunAt);
  return await scheduleUpdate.one({ ...given, id, nextRunAt }, db, options);
}

/** Does what `scheduleRunDue` of `jobs/mod.ts` says. */
export async function scheduleRunDue(
  db: Queryable,
  options: CallOptions = {},
): Promise<ScheduleRunResult[]> {
  const ran: ScheduleRunResult[] = [];
  for (;;) {
    const due = await scheduleDueList.run({ limit: RUN_BATCH_SCHEDULES }, db, options);
    if (due.length === 0) return ran;
    const next = await Promise.all(due.map((schedule) =>
      // A row that scheduleCreate did not check may be invalid: null disables it.
      nextTime(schedule, schedule.now, schedule.nextRunAt).catch(() => null)
    ));
    const rows = await scheduleRun.run(
      {
        ids: due.map(({ id }) => id),
        dueAts: due.map(({ nextRunAt }) => nextRunAt),
        nextAts: next,
      },
      db,
      options,
    );
    ran.push(...rows);
    if (due.length < RUN_BATCH_SCHEDULES || rows.length === 0) return ran;
  }
}

/** @throws {ParameterError} the timing is incomplete or invalid. */
function checkedTiming(
  { cron, everySeconds, timeZone = "UTC" }: ScheduleTiming,
): CheckedTiming {
  if ((cron === undefined) === (everySeconds === undefined)) {
    const problem = 'must be given if "everySeconds" is not, and not with it';
    throw new ParameterError("cron", problem);
  }
  if (everySeconds !== undefined && !(Number.isInteger(everySeconds) && everySeconds > 0)) {
    throw new ParameterError("everySeconds", "must be a whole number from 1");
  }
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    throw new ParameterError("timeZone", "must be an IANA time zone");
  }
  return { cron: cron ?? null, everySeconds: everySeconds ?? null, timeZone };
}

/**
 * Calculates the first time after now.
 *
 * @param before Previous due time, from which an interval continues.
 * @throws {ParameterError} the cron expression is invalid, or matches no future time.
 */
async function nextTime(
  { cron, everySeconds, timeZone }: CheckedTiming,
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
    throw new ParameterError("cron", "must be a cron expression with five fields");
  }
  if (next === null) throw new ParameterError("cron", "must match a future time");
  return next;
}
