// Generated from queries/job_attempts.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

type AttemptOutcome = "cancelled" | "expired" | "failed" | "partial" | "released" | "succeeded";

/** Parameters of `JobAttemptList`. */
export interface JobAttemptListParams {
  afterAttempt?: number | null | undefined;
  jobId: number;
  limit: number;
}

/** A row of `JobAttemptList`. */
export interface JobAttemptListResult {
  /** Which of its attempts, from 1. */
  attempt: number;
  /** When it ended, or was found to have outlived its lease. */
  completedAt: Date;
  /** What kind of thing went wrong, such as ConnectionError; null where nothing. */
  errorClass: string | null;
  /** What went wrong, in words. */
  errorMessage: string | null;
  /** The job. */
  jobId: number;
  /** How it ended: as its worker reported, given back, or by its lease. */
  outcome: AttemptOutcome;
  /** When it began. */
  startedAt: Date;
  /** Who made it. */
  worker: string;
}

const jobAttemptListIR: QueryIR = {"usedParamSet":{"jobId":true,"afterAttempt":true,"limit":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":244,"b":250}]},{"name":"afterAttempt","required":false,"transform":{"type":"scalar"},"locs":[{"a":277,"b":289}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":327,"b":333}]}],"statement":"-- Attempts at jobs that have ended, with what went wrong.\n-- Those of a job, the first one first.\nselect\n  job_id,\n  attempt,\n  worker,\n  started_at,\n  completed_at,\n  outcome,\n  error_class,\n  error_message\nfrom job_attempts\nwhere\n  job_id = :jobId!\n  and attempt > coalesce(:afterAttempt::integer, 0)\norder by attempt\nlimit :limit!::integer"};

/**
 * Attempts at jobs that have ended, with what went wrong.
 * Those of a job, the first one first.
 *
 * ```sql
 * select
 *   job_id,
 *   attempt,
 *   worker,
 *   started_at,
 *   completed_at,
 *   outcome,
 *   error_class,
 *   error_message
 * from job_attempts
 * where
 *   job_id = :jobId!
 *   and attempt > coalesce(:afterAttempt::integer, 0)
 * order by attempt
 * limit :limit!::integer
 * ```
 */
export const jobAttemptList: Query<JobAttemptListParams, JobAttemptListResult> = new Query("JobAttemptList", jobAttemptListIR);
