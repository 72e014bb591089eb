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
  attempt: number;
  completedAt: Date;
  errorClass: string | null;
  errorMessage: string | null;
  jobId: number;
  outcome: AttemptOutcome;
  startedAt: Date;
  worker: string;
}

const jobAttemptListIR: QueryIR = {"usedParamSet":{"jobId":true,"afterAttempt":true,"limit":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":410,"b":416},{"a":609,"b":615}]},{"name":"afterAttempt","required":false,"transform":{"type":"scalar"},"locs":[{"a":721,"b":733}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":771,"b":777}]}],"statement":"select\n  job_id as \"job_id!\",\n  attempt as \"attempt!\",\n  worker as \"worker!\",\n  started_at as \"started_at!\",\n  completed_at as \"completed_at!\",\n  outcome as \"outcome!\",\n  error_class as \"error_class?\",\n  error_message as \"error_message?\"\nfrom (\n  select\n    job_id,\n    attempt,\n    worker,\n    started_at,\n    completed_at,\n    outcome,\n    error_class,\n    error_message\n  from job_attempts\n  where job_id = :jobId!\n  union all\n  select\n    id,\n    attempt,\n    claimed_by,\n    started_at,\n    completed_at,\n    status::text::attempt_outcome,\n    error_class,\n    error_message\n  from jobs\n  where\n    id = :jobId!\n    and completed_at is not null\n    and claim_token is not null\n) as attempts\nwhere attempt > coalesce(:afterAttempt::integer, 0)\norder by attempt\nlimit :limit!::integer"};

/**
 * Attempts at jobs: those that did not end them; the last one is in jobs.
 * Attempts at a job that have ended, the first one first, with what went wrong.
 * Reads.
 *
 * ```sql
 * select
 *   job_id as "job_id!",
 *   attempt as "attempt!",
 *   worker as "worker!",
 *   started_at as "started_at!",
 *   completed_at as "completed_at!",
 *   outcome as "outcome!",
 *   error_class as "error_class?",
 *   error_message as "error_message?"
 * from (
 *   select
 *     job_id,
 *     attempt,
 *     worker,
 *     started_at,
 *     completed_at,
 *     outcome,
 *     error_class,
 *     error_message
 *   from job_attempts
 *   where job_id = :jobId!
 *   union all
 *   select
 *     id,
 *     attempt,
 *     claimed_by,
 *     started_at,
 *     completed_at,
 *     status::text::attempt_outcome,
 *     error_class,
 *     error_message
 *   from jobs
 *   where
 *     id = :jobId!
 *     and completed_at is not null
 *     -- What was cancelled in the queue, or outlived its last lease, has none.
 *     and claim_token is not null
 * ) as attempts
 * where attempt > coalesce(:afterAttempt::integer, 0)
 * order by attempt
 * limit :limit!::integer
 * ```
 */
export const jobAttemptList: Query<JobAttemptListParams, JobAttemptListResult> = new Query("JobAttemptList", jobAttemptListIR, { reads: true });
