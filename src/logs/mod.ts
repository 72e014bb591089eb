/** The public functions of this folder that need not be there at the start. The first call loads them. */
import type * as Functions from "./functions.ts";

let loaded: Promise<typeof Functions> | undefined;
const load = () => loaded ??= import("./functions.ts");

/**
 * Returns the stored lines of a job and then each new line, until the caller leaves the loop or aborts
 * the signal.
 *
 * @throws {NotFoundError} the job does not exist.
 * @throws as `query`, from the loop.
 * @example
 * for (const { id } of await jobList.run({ statuses: ["running"], limit: 1 }, db)) {
 *   for await (const { level, message } of tail({ jobId: id, minLevel: "info" }, db)) console.log(level, message);
 * }
 */
export const tail: typeof Functions.tail = async function* (...args) {
  yield* (await load()).tail(...args);
};

/**
 * Maintains the log tables as their owner (DATABASE_MIGRATION_URL). It creates the partitions of
 * future weeks or months, drops expired partitions, and deletes lines with a shorter retention. The
 * system settings define the retention. Maintenance never blocks a writer; any process may run it at
 * any time.
 *
 * @throws {ConfigError} a setting is invalid, or the role does not own the tables.
 * @throws {QueryError | ConnectionError | TimeoutError}
 * @example
 * const { dropped } = await maintain({ dryRun: true }, db);
 * console.log(`${dropped.length} partitions are too old`);
 */
export const maintain: typeof Functions.maintain = async (...args) =>
  (await load()).maintain(...args);

/**
 * Deletes the logs of a deleted device. Without this call they remain as an audit trail until
 * retention removes them. Each batch is a separate transaction; call it again after an interruption.
 *
 * @throws {QueryError} the device or the job still exists (SQLSTATE 55006).
 * @throws {ParameterError | ConnectionError | TimeoutError}
 * @example
 * await deviceDelete.run({ id: 7 }, db);
 * await logsDelete({ deviceId: 7 }, db);
 */
export const logsDelete: typeof Functions.logsDelete = async (...args) =>
  (await load()).logsDelete(...args);
