// Generated from queries/job_claims.sql by make generate. Do not edit.
/**
 * Claims of jobs. A report of a worker counts only with its claim token. All
 * times are server times.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { Query, type QueryIR } from "../../query.ts";

/** Parameters of `JobTake`. */
export interface JobTakeParams {
  /** A new UUID. */
  claimToken: string;
  /** Lease in seconds. When it expires, others may take the jobs. */
  leaseSeconds: number;
  /** Maximum jobs to claim. */
  limit: number;
  /** Name of the worker. */
  worker: string;
}

/** A row of `JobTake`, `JobHeldList`. */
export interface HeldJob {
  /** How often the job was claimed; 0 before the first time. */
  attempt: number;
  /** The device to work on. */
  deviceId: number;
  /** How many attempts did. */
  failures: number;
  /** Identity of the job; a higher one was made later. */
  id: number;
  /** What kind of work, such as backup. */
  jobType: string;
  /** So many attempts may fail or outlive their lease: then the job has failed. */
  maxAttempts: number;
  /** Of the jobs that are due, those of a higher one start first. */
  priority: number;
  /** The job may start from this time on. */
  scheduledFor: Date;
}

const jobTakeIR: QueryIR = {"usedParamSet":{"worker":true,"claimToken":true,"leaseSeconds":true,"limit":true},"params":[{"name":"worker","required":true,"transform":{"type":"scalar"},"locs":[{"a":246,"b":253}]},{"name":"claimToken","required":true,"transform":{"type":"scalar"},"locs":[{"a":258,"b":269}]},{"name":"leaseSeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":280,"b":293}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":306,"b":312}]}],"statement":"select\n  id as \"id!\",\n  device_id as \"device_id!\",\n  job_type as \"job_type!\",\n  priority as \"priority!\",\n  scheduled_for as \"scheduled_for!\",\n  attempt as \"attempt!\",\n  failures as \"failures!\",\n  max_attempts as \"max_attempts!\"\nfrom jobs_take(\n  :worker!,\n  :claimToken!::uuid,\n  :leaseSeconds!::float8,\n  :limit!::integer\n)"};

/**
 * Hands due jobs to a worker under one claim token: highest priority first,
 * then by time. A device with a running job gets no other. Jobs that another
 * worker is claiming are skipped, not waited for. If two calls claim jobs of
 * one device at the same moment, one of them claims nothing and fails with
 * jobs_one_runs_per_device or a deadlock. jobClaim creates the token and calls
 * again.
 * Internal: a step of jobClaim.
 * Writes jobs.
 */
export const jobTake: Query<JobTakeParams, HeldJob> = new Query("JobTake", jobTakeIR);

/** Parameters of `JobHeldList`. */
export interface JobHeldListParams {
  claimToken: string;
}

const jobHeldListIR: QueryIR = {"usedParamSet":{"claimToken":true},"params":[{"name":"claimToken","required":true,"transform":{"type":"scalar"},"locs":[{"a":162,"b":173}]}],"statement":"select\n  id,\n  device_id,\n  job_type,\n  priority,\n  scheduled_for,\n  attempt,\n  failures,\n  max_attempts\nfrom jobs\nwhere\n  status = 'running'\n  and claim_token = :claimToken!\norder by id"};

/**
 * Lists the jobs that a claim holds: the result of JobTake if its answer was
 * lost.
 * Internal: a step of jobClaim.
 * Reads.
 */
export const jobHeldList: Query<JobHeldListParams, HeldJob> = new Query("JobHeldList", jobHeldListIR, { reads: true });
