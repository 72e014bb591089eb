/** Deletes the logs of deleted devices and jobs. */
import { ParameterError } from "../errors.ts";
import { logDelete } from "../generated/internal/log_partitions.ts";
import type { CallOptions, Queryable } from "../query.ts";

/** Parameters of `logsDelete`. */
export interface LogsDeleteParams {
  /** Device that was deleted before. */
  readonly deviceId: number;
  /** Limits the deletion to one job, which was deleted before. */
  readonly jobId?: number | undefined;
  /** Maximum lines and maximum sessions that one statement deletes. Defaults to 5,000. */
  readonly batch?: number | undefined;
}

/** Options of `logsDelete`. */
export interface LogsDeleteOptions extends CallOptions {
  /** Called after each statement with the total so far. */
  readonly onProgress?: ((deleted: LogsDeleteResult) => void) | undefined;
}

/** Result of `logsDelete`. */
export interface LogsDeleteResult {
  readonly lines: number;
  readonly sessions: number;
}

const DELETE_BATCH_ROWS = 5_000;
const MAX_DELETE_BATCH_ROWS = 1_000_000;

/** Does what `logsDelete` of `logs/mod.ts` says. */
export async function logsDelete(
  { deviceId, jobId, batch = DELETE_BATCH_ROWS }: LogsDeleteParams,
  db: Queryable,
  { onProgress, signal, timeout }: LogsDeleteOptions = {},
): Promise<LogsDeleteResult> {
  if (!Number.isInteger(batch) || batch < 1 || batch > MAX_DELETE_BATCH_ROWS) {
    throw new ParameterError("batch", `must be a whole number from 1 to ${MAX_DELETE_BATCH_ROWS}`);
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
