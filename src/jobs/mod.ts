/** The public functions of this folder that need not be there at the start. The first call loads them. */
import type * as Functions from "./functions.ts";

let loaded: Promise<typeof Functions> | undefined;
const load = () => loaded ??= import("./functions.ts");

/**
 * Creates a schedule. A cron schedule is first due at its next time; an interval schedule is due at
 * once.
 *
 * @throws {ParameterError} it has neither or both of cron and interval, or of device and tags; the
 *   cron expression or the time zone is invalid. `field` names the parameter.
 * @throws {NotFoundError} one of the tags does not exist.
 * @throws {ConstraintError} the name is taken, or the device does not exist.
 * @throws {ConnectionError | TimeoutError}
 * @example
 * await tagEnsure.run({ names: ["core"] }, db);
 * const schedule = await scheduleCreate({
 *   name: "core, every night",
 *   cron: "30 2 * * *",
 *   timeZone: "Europe/Vienna",
 *   tagNames: ["core"],
 * }, db);
 * console.log(schedule.nextRunAt);
 */
export const scheduleCreate: typeof Functions.scheduleCreate = async (...args) =>
  (await load()).scheduleCreate(...args);

/**
 * Changes a schedule. An absent value stays as it is. The next time is recalculated, so a schedule
 * that is enabled again does not make up for missed runs.
 *
 * @throws {NotFoundError} the schedule does not exist.
 * @throws as `scheduleCreate`.
 * @example
 * await tagEnsure.run({ names: ["edge"] }, db);
 * const { id } = await scheduleCreate({ name: "edge", everySeconds: 3600, tagNames: ["edge"] }, db);
 * await scheduleChange({ id, enabled: false }, db);
 */
export const scheduleChange: typeof Functions.scheduleChange = async (...args) =>
  (await load()).scheduleChange(...args);

/**
 * Turns due schedules into jobs. Each run happens once, even if several processes call this at the
 * same time. Missed runs coalesce into one. A device with a queued job gets no other.
 *
 * @returns The schedules that this call has run; empty if no schedule was due.
 * @throws {ConnectionError | TimeoutError | QueryError} some schedules may have run; call it again.
 * @example
 * for (const { id, jobs } of await scheduleRunDue(db)) console.log(`schedule ${id}: ${jobs} jobs`);
 */
export const scheduleRunDue: typeof Functions.scheduleRunDue = async (...args) =>
  (await load()).scheduleRunDue(...args);
