// Generated from queries/job_claims.sql by make generate. Do not edit.
/**
 * Claims of jobs. A report of a worker counts only with its claim token. All
 * times are server times.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";
import type { JobStatus } from "./jobs.ts";

/** Parameters of `JobHeartbeat`. */
export interface JobHeartbeatParams {
  /** Token of each claim. */
  claimTokens: readonly string[];
  ids: readonly number[];
  /** New lease in seconds, from now. */
  leaseSeconds: number;
}

/** A row of `JobHeartbeat`. */
export interface JobHeartbeatRow {
  /** Whether cancellation of the job was requested. */
  cancelRequested: boolean;
  /** Whether the claim is still valid. */
  held: boolean;
  id: number;
}

const jobHeartbeatIR: QueryIR = {"usedParamSet":{"ids":true,"claimTokens":true,"leaseSeconds":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":95,"b":99}]},{"name":"claimTokens","required":true,"transform":{"type":"scalar"},"locs":[{"a":114,"b":126}]},{"name":"leaseSeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":647,"b":660}]}],"statement":"with given as materialized (\n  select\n    place,\n    id,\n    claim_token\n  from unnest((select :ids!::integer[]), :claimTokens!::uuid[])\n    with ordinality as given (id, claim_token, place)\n  order by id\n),\nfound as materialized (\n  select\n    given.place,\n    given.id,\n    job.status = 'running' and job.claim_token = given.claim_token as held,\n    job.cancel_requested_at\n  from given\n  left join lateral (\n    select\n      status,\n      claim_token,\n      cancel_requested_at\n    from jobs\n    where jobs.id = given.id\n    for no key update\n  ) as job on true\n),\nprolonged as (\n  update jobs\n  set lease_until = now() + make_interval(secs => :leaseSeconds!::float8)\n  from found\n  where\n    jobs.id = found.id\n    and found.held\n)\nselect\n  id as \"id!\",\n  held is true as \"held!\",\n  held is true and cancel_requested_at is not null as \"cancel_requested!\"\nfrom found\norder by place"};

/**
 * Extends leases from now on. Returns for each claim whether it is still held
 * and whether cancellation of its job was requested. An expired claim is held
 * until JobReap ends it.
 * Writes jobs.
 */
export const jobHeartbeat: Query<JobHeartbeatParams, JobHeartbeatRow> = new Query("JobHeartbeat", jobHeartbeatIR);

/** Parameters of `JobFinish`. */
export interface JobFinishParams {
  /** A new UUID for the claimed jobs. */
  claimToken?: string | null | undefined;
  /** Token of each claim. */
  claimTokens: readonly string[];
  /** Class of the error; null if there is none. */
  errorClasses: readonly (string | null)[];
  /** Message of the error; null if there is none. */
  errorMessages: readonly (string | null)[];
  ids: readonly number[];
  /** Lease of the claimed jobs in seconds. */
  leaseSeconds?: number | null | undefined;
  /** Maximum jobs to claim. Defaults to 0. */
  limit?: number | null | undefined;
  outcomes: readonly ("succeeded" | "partial" | "failed" | "cancelled" | "released")[];
  /** Seconds until the retry; null for no retry. */
  retrySeconds: readonly (number | null)[];
  /** Name of the worker that claims jobs. */
  worker?: string | null | undefined;
}

/** A row of `JobFinish`. */
export interface JobFinishRow {
  /** Null for a claimed job. */
  answer: "accepted" | "repeated" | "stale" | null;
  attempt: number | null;
  deviceId: number | null;
  failures: number | null;
  id: number;
  /** True for a claimed job, false for an answer. */
  isTaken: boolean;
  jobType: string | null;
  maxAttempts: number | null;
  priority: number | null;
  scheduledFor: Date | null;
  /** Status of the job; null for a claimed job. */
  status: JobStatus | null;
}

const jobFinishIR: QueryIR = {"usedParamSet":{"ids":true,"claimTokens":true,"outcomes":true,"errorClasses":true,"errorMessages":true,"retrySeconds":true,"worker":true,"claimToken":true,"leaseSeconds":true,"limit":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":62,"b":66}]},{"name":"claimTokens","required":true,"transform":{"type":"scalar"},"locs":[{"a":84,"b":96}]},{"name":"outcomes","required":true,"transform":{"type":"scalar"},"locs":[{"a":111,"b":120}]},{"name":"errorClasses","required":true,"transform":{"type":"scalar"},"locs":[{"a":135,"b":148}]},{"name":"errorMessages","required":true,"transform":{"type":"scalar"},"locs":[{"a":163,"b":177}]},{"name":"retrySeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":192,"b":205}]},{"name":"worker","required":false,"transform":{"type":"scalar"},"locs":[{"a":1862,"b":1868}]},{"name":"claimToken","required":false,"transform":{"type":"scalar"},"locs":[{"a":1881,"b":1891}]},{"name":"leaseSeconds","required":false,"transform":{"type":"scalar"},"locs":[{"a":1904,"b":1916}]},{"name":"limit","required":false,"transform":{"type":"scalar"},"locs":[{"a":1940,"b":1945}]}],"statement":"with ends as materialized (\n  select *\n  from jobs_judge(\n    :ids!::integer[],\n    :claimTokens!::uuid[],\n    :outcomes!::text[],\n    :errorClasses!::text[],\n    :errorMessages!::text[],\n    :retrySeconds!::float8[]\n  )\n),\nmoved as (\n  update jobs\n  set\n    status = ends.next_status,\n    scheduled_for = case\n      when ends.next_status = 'queued' then ends.next_at\n      else jobs.scheduled_for\n    end,\n    completed_at = case\n      when ends.next_status <> 'queued' then date_trunc('milliseconds', now())\n    end,\n    failures = jobs.failures + (ends.outcome = 'failed')::integer,\n    error_class = ends.error_class,\n    error_message = ends.error_message,\n    claim_token = case\n      when ends.next_status <> 'queued' then jobs.claim_token\n    end,\n    lease_until = null\n  from ends\n  where\n    jobs.id = ends.id\n    and ends.answer = 'accepted'\n),\nnoted as (\n  insert into job_attempts (\n    job_id,\n    attempt,\n    worker,\n    started_at,\n    completed_at,\n    outcome,\n    error_class,\n    error_message\n  )\n  select\n    id,\n    attempt,\n    worker,\n    started_at,\n    date_trunc('milliseconds', now()),\n    outcome,\n    error_class,\n    error_message\n  from ends\n  where\n    answer = 'accepted'\n    and next_status = 'queued'\n)\nselect\n  id as \"id!\",\n  is_taken as \"is_taken!\",\n  answer as \"answer?\",\n  status as \"status?\",\n  (job).device_id as \"device_id?\",\n  (job).job_type as \"job_type?\",\n  (job).priority as \"priority?\",\n  (job).scheduled_for as \"scheduled_for?\",\n  (job).attempt as \"attempt?\",\n  (job).failures as \"failures?\",\n  (job).max_attempts as \"max_attempts?\"\nfrom (\n  select\n    place,\n    id,\n    false as is_taken,\n    answer,\n    case\n      when answer = 'accepted' then next_status\n      else status\n    end as status,\n    null::jobs as job\n  from ends\n  union all\n  select null, job.id, true, null, null, job\n  from jobs_take(\n    :worker::text,\n    :claimToken::uuid,\n    :leaseSeconds::float8,\n    coalesce(:limit::integer, 0)\n  ) as job\n) as turn\norder by is_taken, place"};

/**
 * Ends attempts, each with its outcome and error. Arrays are matched by
 * position. A released job is requeued and does not count as failed. A failed
 * job with retry seconds is requeued unless this was its last attempt. A job
 * whose cancellation was requested is never requeued.
 * Returns the status of each job and an answer: accepted; repeated if the same
 * claim has already ended the job, which happens after a lost answer; or stale
 * if the claim is no longer valid and nothing was changed.
 * With a limit the call also claims jobs under a new token, like JobTake. Their
 * rows follow the answers and have is_taken. A device whose job ends in this
 * call gets its next job in the next call, because this one still sees the old
 * job as running. If claiming fails, no attempt is ended either; then
 * jobFinishAndClaim ends the attempts alone.
 * Writes jobs, job_attempts.
 */
export const jobFinish: Query<JobFinishParams, JobFinishRow> = new Query("JobFinish", jobFinishIR);

/** Parameters of `JobCancel`. */
export interface JobCancelParams {
  ids: readonly number[];
}

/** A row of `JobCancel`. */
export interface JobCancelRow {
  answer: "missing" | "cancelled" | "requested" | "ended";
  id: number;
}

const jobCancelIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":79,"b":83},{"a":772,"b":776}]}],"statement":"with wanted as materialized (\n  select id, status\n  from jobs\n  where id = any(:ids!::integer[])\n  order by id\n  for no key update\n),\ncancelled as (\n  update jobs\n  set\n    status = 'cancelled',\n    completed_at = date_trunc('milliseconds', now())\n  from wanted\n  where\n    jobs.id = wanted.id\n    and wanted.status = 'queued'\n),\nrequested as (\n  update jobs\n  set cancel_requested_at = date_trunc('milliseconds', now())\n  from wanted\n  where\n    jobs.id = wanted.id\n    and wanted.status = 'running'\n    and jobs.cancel_requested_at is null\n)\nselect\n  given.id as \"id!\",\n  case\n    when wanted.id is null then 'missing'\n    when wanted.status = 'queued' then 'cancelled'\n    when wanted.status = 'running' then 'requested'\n    else 'ended'\n  end as \"answer!\"\nfrom unnest(:ids!::integer[]) with ordinality as given (id, place)\nleft join wanted on wanted.id = given.id\norder by given.place"};

/**
 * Cancels queued jobs. A running job is marked, and its worker sees that at its
 * next heartbeat. Returns for each job: cancelled, requested, ended if it had
 * already ended, or missing.
 * Writes jobs.
 */
export const jobCancel: Query<JobCancelParams, JobCancelRow> = new Query("JobCancel", jobCancelIR);

/** Parameters of `JobReap`. */
export interface JobReapParams {
  /** Initial backoff in seconds. Doubles with each failure. */
  backoffSeconds: number;
  /** Maximum jobs to reap. */
  limit: number;
  /** Maximum backoff in seconds. */
  maxBackoffSeconds: number;
}

/** A row of `JobReap`. */
export interface JobReapRow {
  /** How often the job was claimed; 0 before the first time. */
  attempt: number;
  /** Identity of the job; a higher one was made later. */
  id: number;
  status: JobStatus;
}

const jobReapIR: QueryIR = {"usedParamSet":{"backoffSeconds":true,"maxBackoffSeconds":true,"limit":true},"params":[{"name":"backoffSeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":327,"b":342}]},{"name":"maxBackoffSeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":382,"b":400}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":528,"b":534}]}],"statement":"with expired as materialized (\n  select\n    id,\n    attempt,\n    claimed_by,\n    started_at,\n    case\n      when cancel_requested_at is not null then 'cancelled'\n      when failures + 1 < max_attempts then 'queued'\n      else 'failed'\n    end::job_status as next_status,\n    now() + make_interval(\n      secs => least(\n        :backoffSeconds!::float8 * power(2, failures),\n        :maxBackoffSeconds!::float8\n      )\n    ) as next_at\n  from jobs\n  where\n    status = 'running'\n    and lease_until < now()\n  order by id\n  limit :limit!::integer\n  for no key update skip locked\n),\nagain as (\n  update jobs\n  set\n    status = 'queued',\n    scheduled_for = expired.next_at,\n    failures = failures + 1,\n    claim_token = null,\n    lease_until = null\n  from expired\n  where\n    jobs.id = expired.id\n    and expired.next_status = 'queued'\n),\nended as (\n  update jobs\n  set\n    status = expired.next_status,\n    completed_at = date_trunc('milliseconds', now()),\n    failures = failures + 1,\n    claim_token = null,\n    lease_until = null\n  from expired\n  where\n    jobs.id = expired.id\n    and expired.next_status <> 'queued'\n),\nnoted as (\n  insert into job_attempts\n    (job_id, attempt, worker, started_at, completed_at, outcome)\n  select\n    id,\n    attempt,\n    claimed_by,\n    started_at,\n    date_trunc('milliseconds', now()),\n    'expired'\n  from expired\n)\nselect\n  id,\n  attempt,\n  next_status as \"status!\"\nfrom expired\norder by id"};

/**
 * Ends expired claims, lowest job ids first. The job is requeued with
 * exponential backoff. After its last attempt it fails instead; if cancellation
 * was requested it is cancelled. Any caller may reap; jobs that another call is
 * reaping are skipped.
 * Writes jobs, job_attempts.
 */
export const jobReap: Query<JobReapParams, JobReapRow> = new Query("JobReap", jobReapIR);
