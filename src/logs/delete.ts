/** Deleting the logs of what is gone. */
import { ParameterError } from "../errors.ts";
import { logDelete } from "../generated/log_partitions.ts";
import type { CallOptions, Queryable } from "../query.ts";

/** Whose logs go, and what `logsDelete` takes beside. */
export interface LogsDelete extends CallOptions {
  /** The device, which is deleted already. */
  readonly deviceId: number;
  /** Of its jobs only this one, which is deleted already. */
  readonly jobId?: number | undefined;
  /** Lines, and sessions, that one statement deletes at most; 5,000 unless told. */
  readonly batch?: number | undefined;
  /** Told what was deleted so far, after each of these statements. */
  readonly onProgress?: ((deleted: LogsDeleted) => void) | undefined;
}

/** What was deleted. */
export interface LogsDeleted {
  readonly lines: number;
  readonly sessions: number;
}

const BATCH = 5_000;
const MOST = 1_000_000;

/**
 * Deletes the logs of a device that was deleted, in batches: they stay otherwise until retention
 * removes them, for they tell what was done. Each batch is a transaction of its own; a run that was
 * ended is taken up by the next one.
 *
 * @throws {QueryError} the device, or the job, is still there (SQLSTATE 55006).
 * @throws {ParameterError | ConnectionError | TimeoutError}
 * @example
 * await deviceDelete.run({ id: 7 }, db);
 * await logsDelete(db, { deviceId: 7 });
 */
export async function logsDelete(
  db: Queryable,
  { deviceId, jobId, batch = BATCH, onProgress, signal, timeout }: LogsDelete,
): Promise<LogsDeleted> {
  if (!Number.isInteger(batch) || batch < 1 || batch > MOST) {
    throw new ParameterError("batch", `must be a whole number from 1 to ${MOST}`);
  }
  const sum = { lines: 0, sessions: 0 };
  for (;;) {
    const parameters = { deviceId, jobId, limit: batch };
    const { lines, sessions } = await logDelete.one(parameters, db, { signal, timeout });
    sum.lines += lines;
    sum.sessions += sessions;
    onProgress?.({ ...sum });
    if (lines < batch && sessions < batch) return sum;
  }
}
