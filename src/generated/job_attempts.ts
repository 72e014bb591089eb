// Generated from queries/job_attempts.sql by make generate. Do not edit.
/**
 * Attempts that did not end their job; the last attempt is in jobs.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** The labels of `attempt_outcome`. */
export type AttemptOutcome = "cancelled" | "expired" | "failed" | "partial" | "released" | "succeeded";

/** Parameters of `JobAttemptList`. */
export interface JobAttemptListParams {
  /** The attempt of the last row of the previous page. */
  afterAttempt?: number | null | undefined;
  jobId: number;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `JobAttemptList`. */
export interface JobAttempt {
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
 * Lists the completed attempts of a job, first attempt first, with their
 * errors.
 * Reads.
 */
export const jobAttemptList: Query<JobAttemptListParams, JobAttempt> = new Query("JobAttemptList", jobAttemptListIR, { reads: true });
