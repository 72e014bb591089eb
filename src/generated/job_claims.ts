// Generated from queries/job_claims.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

type JobStatus = "cancelled" | "failed" | "partial" | "queued" | "running" | "succeeded";

/** Parameters of `JobTake`. */
export interface JobTakeParams {
  claimToken: string;
  leaseSeconds: number;
  limit: number;
  worker: string;
}

/** A row of `JobTake`. */
export interface JobTakeResult {
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
  mostFailures: number;
  /** Of the jobs that are due, those of a higher one start first. */
  priority: number;
  /** The job may start from this time on. */
  scheduledFor: Date;
}

const jobTakeIR: QueryIR = {"usedParamSet":{"limit":true,"worker":true,"claimToken":true,"leaseSeconds":true},"params":[{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":416,"b":422}]},{"name":"worker","required":true,"transform":{"type":"scalar"},"locs":[{"a":521,"b":528}]},{"name":"claimToken","required":true,"transform":{"type":"scalar"},"locs":[{"a":547,"b":558}]},{"name":"leaseSeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":613,"b":626}]}],"statement":"with due as materialized (\n  select\n    id,\n    device_id,\n    priority,\n    scheduled_for\n  from jobs\n  where\n    status = 'queued'\n    and scheduled_for <= now()::timestamptz(3)\n    and not exists (\n      select\n      from jobs as running\n      where\n        running.device_id = jobs.device_id\n        and running.status = 'running'\n      offset 0\n    )\n  order by priority desc, scheduled_for, id\n  limit (select :limit!::integer)\n  for no key update skip locked\n)\nupdate jobs\nset\n  status = 'running',\n  claimed_by = :worker!,\n  claim_token = :claimToken!::uuid,\n  lease_until = now() + make_interval(secs => :leaseSeconds!::float8),\n  started_at = date_trunc('milliseconds', now()),\n  attempt = attempt + 1\nwhere\n  id = any(\n    array(\n      select distinct on (device_id) id\n      from due\n      order by device_id, priority desc, scheduled_for, id\n    )\n  )\nreturning\n  id,\n  device_id,\n  job_type,\n  priority,\n  scheduled_for,\n  attempt,\n  failures,\n  most_failures"};

/**
 * Who works on a job, fenced: each answer of a worker counts only with the
 * token of its claim. Times are the server's.
 * Hands due jobs to a worker, with one token for all of them: the highest
 * priority first, then by time. A device that has one running gets no other;
 * rows that somebody else is taking are skipped, not waited for. Where two take
 * jobs of one device at the same moment, one call takes nothing and fails with
 * jobs_one_runs_per_device, or in a deadlock: jobClaim makes the token and
 * calls again.
 * Writes jobs.
 *
 * ```sql
 * with due as materialized (
 *   select
 *     id,
 *     device_id,
 *     priority,
 *     scheduled_for
 *   from jobs
 *   where
 *     status = 'queued'
 *     -- Rounded as the column is: what is due now is not due in a moment.
 *     and scheduled_for <= now()::timestamptz(3)
 *     and not exists (
 *       select
 *       from jobs as running
 *       where
 *         running.device_id = jobs.device_id
 *         and running.status = 'running'
 *       -- Each device is looked up: a join would compare each with all that run.
 *       offset 0
 *     )
 *   order by priority desc, scheduled_for, id
 *   -- Selected: a plan for this one limit would look better than one for all, and
 *   -- be made at each call.
 *   limit (select :limit!::integer)
 *   for no key update skip locked
 * )
 * update jobs
 * set
 *   status = 'running',
 *   claimed_by = :worker!,
 *   claim_token = :claimToken!::uuid,
 *   lease_until = now() + make_interval(secs => :leaseSeconds!::float8),
 *   started_at = date_trunc('milliseconds', now()),
 *   attempt = attempt + 1
 * where
 *   -- An array, not a join: a limit that is not known yet looks like many rows,
 *   -- and the planner would read the whole table for them.
 *   id = any(
 *     array(
 *       select distinct on (device_id) id
 *       from due
 *       order by device_id, priority desc, scheduled_for, id
 *     )
 *   )
 * returning
 *   id,
 *   device_id,
 *   job_type,
 *   priority,
 *   scheduled_for,
 *   attempt,
 *   failures,
 *   most_failures
 * ```
 */
export const jobTake: Query<JobTakeParams, JobTakeResult> = new Query("JobTake", jobTakeIR);

/** Parameters of `JobHeldList`. */
export interface JobHeldListParams {
  claimToken: string;
}

/** A row of `JobHeldList`. */
export interface JobHeldListResult {
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
  mostFailures: number;
  /** Of the jobs that are due, those of a higher one start first. */
  priority: number;
  /** The job may start from this time on. */
  scheduledFor: Date;
}

const jobHeldListIR: QueryIR = {"usedParamSet":{"claimToken":true},"params":[{"name":"claimToken","required":true,"transform":{"type":"scalar"},"locs":[{"a":163,"b":174}]}],"statement":"select\n  id,\n  device_id,\n  job_type,\n  priority,\n  scheduled_for,\n  attempt,\n  failures,\n  most_failures\nfrom jobs\nwhere\n  status = 'running'\n  and claim_token = :claimToken!\norder by id"};

/**
 * The jobs that a claim holds: what JobTake gave, where its answer was lost.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   device_id,
 *   job_type,
 *   priority,
 *   scheduled_for,
 *   attempt,
 *   failures,
 *   most_failures
 * from jobs
 * where
 *   status = 'running'
 *   and claim_token = :claimToken!
 * order by id
 * ```
 */
export const jobHeldList: Query<JobHeldListParams, JobHeldListResult> = new Query("JobHeldList", jobHeldListIR, { reads: true });

/** Parameters of `JobHeartbeat`. */
export interface JobHeartbeatParams {
  claimTokens: readonly string[];
  ids: readonly number[];
  leaseSeconds: number;
}

/** A row of `JobHeartbeat`. */
export interface JobHeartbeatResult {
  cancelRequested: boolean;
  held: boolean;
  id: number;
}

const jobHeartbeatIR: QueryIR = {"usedParamSet":{"ids":true,"claimTokens":true,"leaseSeconds":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":95,"b":99}]},{"name":"claimTokens","required":true,"transform":{"type":"scalar"},"locs":[{"a":114,"b":126}]},{"name":"leaseSeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":647,"b":660}]}],"statement":"with given as materialized (\n  select\n    place,\n    id,\n    claim_token\n  from unnest((select :ids!::integer[]), :claimTokens!::uuid[])\n    with ordinality as given (id, claim_token, place)\n  order by id\n),\nfound as materialized (\n  select\n    given.place,\n    given.id,\n    job.status = 'running' and job.claim_token = given.claim_token as held,\n    job.cancel_requested_at\n  from given\n  left join lateral (\n    select\n      status,\n      claim_token,\n      cancel_requested_at\n    from jobs\n    where jobs.id = given.id\n    for no key update\n  ) as job on true\n),\nprolonged as (\n  update jobs\n  set lease_until = now() + make_interval(secs => :leaseSeconds!::float8)\n  from found\n  where\n    jobs.id = found.id\n    and found.held\n)\nselect\n  id as \"id!\",\n  held is true as \"held!\",\n  held is true and cancel_requested_at is not null as \"cancel_requested!\"\nfrom found\norder by place"};

/**
 * Prolongs claims from now on, and says of each whether it is held and whether
 * somebody wants the job cancelled. A claim that has outlived its lease is held
 * until somebody takes it away.
 * Writes jobs.
 *
 * ```sql
 * with given as materialized (
 *   select
 *     place,
 *     id,
 *     claim_token
 *   from unnest((select :ids!::integer[]), :claimTokens!::uuid[])
 *     with ordinality as given (id, claim_token, place)
 *   order by id
 * ),
 * found as materialized (
 *   select
 *     given.place,
 *     given.id,
 *     job.status = 'running' and job.claim_token = given.claim_token as held,
 *     job.cancel_requested_at
 *   from given
 *   left join lateral (
 *     select
 *       status,
 *       claim_token,
 *       cancel_requested_at
 *     from jobs
 *     where jobs.id = given.id
 *     for no key update
 *   ) as job on true
 * ),
 * prolonged as (
 *   update jobs
 *   set lease_until = now() + make_interval(secs => :leaseSeconds!::float8)
 *   from found
 *   where
 *     jobs.id = found.id
 *     and found.held
 * )
 * select
 *   id as "id!",
 *   held is true as "held!",
 *   held is true and cancel_requested_at is not null as "cancel_requested!"
 * from found
 * order by place
 * ```
 */
export const jobHeartbeat: Query<JobHeartbeatParams, JobHeartbeatResult> = new Query("JobHeartbeat", jobHeartbeatIR);

/** Parameters of `JobFinish`. */
export interface JobFinishParams {
  claimToken?: string | null | undefined;
  claimTokens: readonly string[];
  errorClasses: readonly string[];
  errorMessages: readonly string[];
  ids: readonly number[];
  leaseSeconds?: number | null | undefined;
  limit?: number | null | undefined;
  outcomes: readonly string[];
  retrySeconds: readonly number[];
  worker?: string | null | undefined;
}

/** A row of `JobFinish`. */
export interface JobFinishResult {
  answer: string | null;
  attempt: number | null;
  deviceId: number | null;
  failures: number | null;
  id: number;
  jobType: string | null;
  mostFailures: number | null;
  priority: number | null;
  scheduledFor: Date | null;
  status: JobStatus | null;
}

const jobFinishIR: QueryIR = {"usedParamSet":{"ids":true,"claimTokens":true,"outcomes":true,"errorClasses":true,"errorMessages":true,"retrySeconds":true,"limit":true,"worker":true,"claimToken":true,"leaseSeconds":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":168,"b":172}]},{"name":"claimTokens","required":true,"transform":{"type":"scalar"},"locs":[{"a":191,"b":203}]},{"name":"outcomes","required":true,"transform":{"type":"scalar"},"locs":[{"a":218,"b":227}]},{"name":"errorClasses","required":true,"transform":{"type":"scalar"},"locs":[{"a":242,"b":255}]},{"name":"errorMessages","required":true,"transform":{"type":"scalar"},"locs":[{"a":270,"b":284}]},{"name":"retrySeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":299,"b":312}]},{"name":"limit","required":false,"transform":{"type":"scalar"},"locs":[{"a":3180,"b":3185}]},{"name":"worker","required":false,"transform":{"type":"scalar"},"locs":[{"a":3308,"b":3314}]},{"name":"claimToken","required":false,"transform":{"type":"scalar"},"locs":[{"a":3341,"b":3351}]},{"name":"leaseSeconds","required":false,"transform":{"type":"scalar"},"locs":[{"a":3408,"b":3420}]}],"statement":"with given as materialized (\n  select\n    place,\n    id,\n    claim_token,\n    outcome,\n    error_class,\n    error_message,\n    retry_seconds\n  from unnest(\n    (select :ids!::integer[]),\n    :claimTokens!::uuid[],\n    :outcomes!::text[],\n    :errorClasses!::text[],\n    :errorMessages!::text[],\n    :retrySeconds!::float8[]\n  ) with ordinality as given (\n    id,\n    claim_token,\n    outcome,\n    error_class,\n    error_message,\n    retry_seconds,\n    place\n  )\n  order by id\n),\nfound as materialized (\n  select\n    given.place,\n    given.id,\n    given.outcome::attempt_outcome as outcome,\n    given.error_class,\n    given.error_message,\n    case\n      when job.claim_token = given.claim_token and job.status = 'running'\n        then 'accepted'\n      when job.claim_token = given.claim_token then 'repeated'\n      else 'stale'\n    end as answer,\n    job.status,\n    job.attempt,\n    job.claimed_by,\n    job.started_at,\n    case\n      when given.outcome = 'released'\n        and job.cancel_requested_at is not null\n        then 'cancelled'\n      when given.outcome = 'released'\n        then 'queued'\n      when given.outcome = 'failed'\n        and given.retry_seconds is not null\n        and job.failures + 1 < job.most_failures\n        and job.cancel_requested_at is null\n        then 'queued'\n      else given.outcome\n    end::job_status as next_status,\n    date_trunc('milliseconds', now()) as ended_at,\n    now()\n    + make_interval(secs => coalesce(given.retry_seconds, 0)) as next_at\n  from given\n  left join lateral (\n    select\n      status,\n      claim_token,\n      attempt,\n      claimed_by,\n      started_at,\n      failures,\n      most_failures,\n      cancel_requested_at\n    from jobs\n    where jobs.id = given.id\n    for no key update\n  ) as job on true\n),\nmoved as (\n  update jobs\n  set\n    status = found.next_status,\n    scheduled_for = case\n      when found.next_status = 'queued' then found.next_at\n      else jobs.scheduled_for\n    end,\n    completed_at = case\n      when found.next_status <> 'queued' then found.ended_at\n    end,\n    failures = jobs.failures + (found.outcome = 'failed')::integer,\n    error_class = found.error_class,\n    error_message = found.error_message,\n    claim_token = case\n      when found.next_status <> 'queued' then jobs.claim_token\n    end,\n    lease_until = null\n  from found\n  where\n    jobs.id = found.id\n    and found.answer = 'accepted'\n),\nnoted as (\n  insert into job_attempts (\n    job_id,\n    attempt,\n    worker,\n    started_at,\n    completed_at,\n    outcome,\n    error_class,\n    error_message\n  )\n  select\n    id,\n    attempt,\n    claimed_by,\n    started_at,\n    ended_at,\n    outcome,\n    error_class,\n    error_message\n  from found\n  where\n    answer = 'accepted'\n    and next_status = 'queued'\n),\ndue as materialized (\n  select\n    id,\n    device_id,\n    priority,\n    scheduled_for\n  from jobs\n  where\n    status = 'queued'\n    and scheduled_for <= now()::timestamptz(3)\n    and not exists (\n      select\n      from jobs as running\n      where\n        running.device_id = jobs.device_id\n        and running.status = 'running'\n      offset 0\n    )\n  order by priority desc, scheduled_for, id\n  limit (select coalesce(:limit::integer, 0))\n  for no key update skip locked\n),\ntaken as (\n  update jobs\n  set\n    status = 'running',\n    claimed_by = :worker::text,\n    claim_token = :claimToken::uuid,\n    lease_until = now() + make_interval(secs => :leaseSeconds::float8),\n    started_at = date_trunc('milliseconds', now()),\n    attempt = attempt + 1\n  where\n    id = any(\n      array(\n        select distinct on (device_id) id\n        from due\n        order by device_id, priority desc, scheduled_for, id\n      )\n    )\n  returning\n    id,\n    device_id,\n    job_type,\n    priority,\n    scheduled_for,\n    attempt,\n    failures,\n    most_failures\n)\nselect\n  id as \"id!\",\n  answer as \"answer?\",\n  status as \"status?\",\n  device_id as \"device_id?\",\n  job_type as \"job_type?\",\n  priority as \"priority?\",\n  scheduled_for as \"scheduled_for?\",\n  attempt as \"attempt?\",\n  failures as \"failures?\",\n  most_failures as \"most_failures?\"\nfrom (\n  select\n    place,\n    id,\n    answer,\n    case\n      when answer = 'accepted' then next_status\n      else status\n    end as status,\n    null::integer as device_id,\n    null as job_type,\n    null::smallint as priority,\n    null::timestamptz as scheduled_for,\n    null::integer as attempt,\n    null::smallint as failures,\n    null::smallint as most_failures\n  from found\n  union all\n  select\n    null,\n    id,\n    null,\n    null,\n    device_id,\n    job_type,\n    priority,\n    scheduled_for,\n    attempt,\n    failures,\n    most_failures\n  from taken\n) as turn\norder by place nulls last"};

/**
 * Ends attempts as succeeded, partial, failed, cancelled or released, each with
 * what went wrong; the arrays go together by position. What is released goes
 * back to the queue, due after the seconds to retry in, and has not failed;
 * what failed and has such seconds goes back as well, unless it was its last
 * attempt. Nothing goes back that somebody wants cancelled. Says for each:
 * accepted; repeated, where the same claim had ended the job before, which a
 * lost answer leads to; or stale, where the claim counts no more and nothing
 * changed. And where the job stands.
 * With a limit it takes so many jobs in the same round trip, as JobTake does,
 * with a new token: they come after the answers and have none. A device whose
 * job ends here still has it running as this call sees it, and gets its next
 * one by the next call. Where taking fails nothing was ended either: jobTurn
 * ends alone then.
 * Writes jobs, job_attempts.
 *
 * ```sql
 * with given as materialized (
 *   select
 *     place,
 *     id,
 *     claim_token,
 *     outcome,
 *     error_class,
 *     error_message,
 *     retry_seconds
 *   from unnest(
 *     -- Selected: so many seem to be given at each call, and one plan serves all.
 *     (select :ids!::integer[]),
 *     :claimTokens!::uuid[],
 *     :outcomes!::text[],
 *     :errorClasses!::text[],
 *     :errorMessages!::text[],
 *     :retrySeconds!::float8[]
 *   ) with ordinality as given (
 *     id,
 *     claim_token,
 *     outcome,
 *     error_class,
 *     error_message,
 *     retry_seconds,
 *     place
 *   )
 *   -- The order in which jobs are locked, here and elsewhere.
 *   order by id
 * ),
 * found as materialized (
 *   select
 *     given.place,
 *     given.id,
 *     given.outcome::attempt_outcome as outcome,
 *     given.error_class,
 *     given.error_message,
 *     case
 *       when job.claim_token = given.claim_token and job.status = 'running'
 *         then 'accepted'
 *       when job.claim_token = given.claim_token then 'repeated'
 *       else 'stale'
 *     end as answer,
 *     job.status,
 *     job.attempt,
 *     job.claimed_by,
 *     job.started_at,
 *     case
 *       when given.outcome = 'released'
 *         and job.cancel_requested_at is not null
 *         then 'cancelled'
 *       when given.outcome = 'released'
 *         then 'queued'
 *       when given.outcome = 'failed'
 *         and given.retry_seconds is not null
 *         and job.failures + 1 < job.most_failures
 *         and job.cancel_requested_at is null
 *         then 'queued'
 *       else given.outcome
 *     end::job_status as next_status,
 *     date_trunc('milliseconds', now()) as ended_at,
 *     now()
 *     + make_interval(secs => coalesce(given.retry_seconds, 0)) as next_at
 *   from given
 *   -- Each job is looked up, and judged as it is once it is locked.
 *   left join lateral (
 *     select
 *       status,
 *       claim_token,
 *       attempt,
 *       claimed_by,
 *       started_at,
 *       failures,
 *       most_failures,
 *       cancel_requested_at
 *     from jobs
 *     where jobs.id = given.id
 *     for no key update
 *   ) as job on true
 * ),
 * moved as (
 *   update jobs
 *   set
 *     status = found.next_status,
 *     scheduled_for = case
 *       when found.next_status = 'queued' then found.next_at
 *       else jobs.scheduled_for
 *     end,
 *     completed_at = case
 *       when found.next_status <> 'queued' then found.ended_at
 *     end,
 *     failures = jobs.failures + (found.outcome = 'failed')::integer,
 *     error_class = found.error_class,
 *     error_message = found.error_message,
 *     -- The token stays with what it ended.
 *     claim_token = case
 *       when found.next_status <> 'queued' then jobs.claim_token
 *     end,
 *     lease_until = null
 *   from found
 *   where
 *     jobs.id = found.id
 *     and found.answer = 'accepted'
 * ),
 * noted as (
 *   insert into job_attempts (
 *     job_id,
 *     attempt,
 *     worker,
 *     started_at,
 *     completed_at,
 *     outcome,
 *     error_class,
 *     error_message
 *   )
 *   select
 *     id,
 *     attempt,
 *     claimed_by,
 *     started_at,
 *     ended_at,
 *     outcome,
 *     error_class,
 *     error_message
 *   from found
 *   where
 *     answer = 'accepted'
 *     and next_status = 'queued'
 * ),
 * -- As in JobTake.
 * due as materialized (
 *   select
 *     id,
 *     device_id,
 *     priority,
 *     scheduled_for
 *   from jobs
 *   where
 *     status = 'queued'
 *     and scheduled_for <= now()::timestamptz(3)
 *     and not exists (
 *       select
 *       from jobs as running
 *       where
 *         running.device_id = jobs.device_id
 *         and running.status = 'running'
 *       offset 0
 *     )
 *   order by priority desc, scheduled_for, id
 *   limit (select coalesce(:limit::integer, 0))
 *   for no key update skip locked
 * ),
 * taken as (
 *   update jobs
 *   set
 *     status = 'running',
 *     claimed_by = :worker::text,
 *     claim_token = :claimToken::uuid,
 *     lease_until = now() + make_interval(secs => :leaseSeconds::float8),
 *     started_at = date_trunc('milliseconds', now()),
 *     attempt = attempt + 1
 *   where
 *     id = any(
 *       array(
 *         select distinct on (device_id) id
 *         from due
 *         order by device_id, priority desc, scheduled_for, id
 *       )
 *     )
 *   returning
 *     id,
 *     device_id,
 *     job_type,
 *     priority,
 *     scheduled_for,
 *     attempt,
 *     failures,
 *     most_failures
 * )
 * select
 *   id as "id!",
 *   answer as "answer?",
 *   status as "status?",
 *   device_id as "device_id?",
 *   job_type as "job_type?",
 *   priority as "priority?",
 *   scheduled_for as "scheduled_for?",
 *   attempt as "attempt?",
 *   failures as "failures?",
 *   most_failures as "most_failures?"
 * from (
 *   select
 *     place,
 *     id,
 *     answer,
 *     case
 *       when answer = 'accepted' then next_status
 *       else status
 *     end as status,
 *     null::integer as device_id,
 *     null as job_type,
 *     null::smallint as priority,
 *     null::timestamptz as scheduled_for,
 *     null::integer as attempt,
 *     null::smallint as failures,
 *     null::smallint as most_failures
 *   from found
 *   union all
 *   select
 *     null,
 *     id,
 *     null,
 *     null,
 *     device_id,
 *     job_type,
 *     priority,
 *     scheduled_for,
 *     attempt,
 *     failures,
 *     most_failures
 *   from taken
 * ) as turn
 * order by place nulls last
 * ```
 */
export const jobFinish: Query<JobFinishParams, JobFinishResult> = new Query("JobFinish", jobFinishIR);

/** Parameters of `JobCancel`. */
export interface JobCancelParams {
  ids: readonly number[];
}

/** A row of `JobCancel`. */
export interface JobCancelResult {
  answer: string;
  id: number;
}

const jobCancelIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":79,"b":83},{"a":772,"b":776}]}],"statement":"with wanted as materialized (\n  select id, status\n  from jobs\n  where id = any(:ids!::integer[])\n  order by id\n  for no key update\n),\ncancelled as (\n  update jobs\n  set\n    status = 'cancelled',\n    completed_at = date_trunc('milliseconds', now())\n  from wanted\n  where\n    jobs.id = wanted.id\n    and wanted.status = 'queued'\n),\nrequested as (\n  update jobs\n  set cancel_requested_at = date_trunc('milliseconds', now())\n  from wanted\n  where\n    jobs.id = wanted.id\n    and wanted.status = 'running'\n    and jobs.cancel_requested_at is null\n)\nselect\n  given.id as \"id!\",\n  case\n    when wanted.id is null then 'missing'\n    when wanted.status = 'queued' then 'cancelled'\n    when wanted.status = 'running' then 'requested'\n    else 'ended'\n  end as \"answer!\"\nfrom unnest(:ids!::integer[]) with ordinality as given (id, place)\nleft join wanted on wanted.id = given.id\norder by given.place"};

/**
 * Cancels jobs that wait; one that runs is marked, and its worker sees it at
 * its next heartbeat. Says for each: cancelled, requested, ended where it had
 * ended before, or missing.
 * Writes jobs.
 *
 * ```sql
 * with wanted as materialized (
 *   select id, status
 *   from jobs
 *   where id = any(:ids!::integer[])
 *   order by id
 *   for no key update
 * ),
 * cancelled as (
 *   update jobs
 *   set
 *     status = 'cancelled',
 *     completed_at = date_trunc('milliseconds', now())
 *   from wanted
 *   where
 *     jobs.id = wanted.id
 *     and wanted.status = 'queued'
 * ),
 * requested as (
 *   update jobs
 *   set cancel_requested_at = date_trunc('milliseconds', now())
 *   from wanted
 *   where
 *     jobs.id = wanted.id
 *     and wanted.status = 'running'
 *     and jobs.cancel_requested_at is null
 * )
 * select
 *   given.id as "id!",
 *   case
 *     when wanted.id is null then 'missing'
 *     when wanted.status = 'queued' then 'cancelled'
 *     when wanted.status = 'running' then 'requested'
 *     else 'ended'
 *   end as "answer!"
 * from unnest(:ids!::integer[]) with ordinality as given (id, place)
 * left join wanted on wanted.id = given.id
 * order by given.place
 * ```
 */
export const jobCancel: Query<JobCancelParams, JobCancelResult> = new Query("JobCancel", jobCancelIR);

/** Parameters of `JobReap`. */
export interface JobReapParams {
  backOffSeconds: number;
  limit: number;
  mostSeconds: number;
}

/** A row of `JobReap`. */
export interface JobReapResult {
  /** How often the job was claimed; 0 before the first time. */
  attempt: number;
  /** Identity of the job; a higher one was made later. */
  id: number;
  status: JobStatus;
}

const jobReapIR: QueryIR = {"usedParamSet":{"backOffSeconds":true,"mostSeconds":true,"limit":true},"params":[{"name":"backOffSeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":328,"b":343}]},{"name":"mostSeconds","required":true,"transform":{"type":"scalar"},"locs":[{"a":383,"b":395}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":523,"b":529}]}],"statement":"with expired as materialized (\n  select\n    id,\n    attempt,\n    claimed_by,\n    started_at,\n    case\n      when cancel_requested_at is not null then 'cancelled'\n      when failures + 1 < most_failures then 'queued'\n      else 'failed'\n    end::job_status as next_status,\n    now() + make_interval(\n      secs => least(\n        :backOffSeconds!::float8 * power(2, failures),\n        :mostSeconds!::float8\n      )\n    ) as next_at\n  from jobs\n  where\n    status = 'running'\n    and lease_until < now()\n  order by id\n  limit :limit!::integer\n  for no key update skip locked\n),\nagain as (\n  update jobs\n  set\n    status = 'queued',\n    scheduled_for = expired.next_at,\n    failures = failures + 1,\n    claim_token = null,\n    lease_until = null\n  from expired\n  where\n    jobs.id = expired.id\n    and expired.next_status = 'queued'\n),\nended as (\n  update jobs\n  set\n    status = expired.next_status,\n    completed_at = date_trunc('milliseconds', now()),\n    failures = failures + 1,\n    claim_token = null,\n    lease_until = null\n  from expired\n  where\n    jobs.id = expired.id\n    and expired.next_status <> 'queued'\n),\nnoted as (\n  insert into job_attempts\n    (job_id, attempt, worker, started_at, completed_at, outcome)\n  select\n    id,\n    attempt,\n    claimed_by,\n    started_at,\n    date_trunc('milliseconds', now()),\n    'expired'\n  from expired\n)\nselect\n  id,\n  attempt,\n  next_status as \"status!\"\nfrom expired\norder by id"};

/**
 * Takes away claims that have outlived their lease, those of the lowest ids
 * first. The job goes back to the queue, later after each failure: after some
 * seconds, twice as many, and so on, up to the most; after its last attempt it
 * has failed, and where somebody wants it cancelled it is. Whoever calls; rows
 * that somebody else is reaping are skipped.
 * Writes jobs, job_attempts.
 *
 * ```sql
 * with expired as materialized (
 *   select
 *     id,
 *     attempt,
 *     claimed_by,
 *     started_at,
 *     case
 *       when cancel_requested_at is not null then 'cancelled'
 *       when failures + 1 < most_failures then 'queued'
 *       else 'failed'
 *     end::job_status as next_status,
 *     now() + make_interval(
 *       secs => least(
 *         :backOffSeconds!::float8 * power(2, failures),
 *         :mostSeconds!::float8
 *       )
 *     ) as next_at
 *   from jobs
 *   where
 *     status = 'running'
 *     and lease_until < now()
 *   order by id
 *   limit :limit!::integer
 *   for no key update skip locked
 * ),
 * again as (
 *   update jobs
 *   set
 *     status = 'queued',
 *     scheduled_for = expired.next_at,
 *     failures = failures + 1,
 *     claim_token = null,
 *     lease_until = null
 *   from expired
 *   where
 *     jobs.id = expired.id
 *     and expired.next_status = 'queued'
 * ),
 * ended as (
 *   update jobs
 *   set
 *     status = expired.next_status,
 *     completed_at = date_trunc('milliseconds', now()),
 *     failures = failures + 1,
 *     claim_token = null,
 *     lease_until = null
 *   from expired
 *   where
 *     jobs.id = expired.id
 *     and expired.next_status <> 'queued'
 * ),
 * noted as (
 *   insert into job_attempts
 *     (job_id, attempt, worker, started_at, completed_at, outcome)
 *   select
 *     id,
 *     attempt,
 *     claimed_by,
 *     started_at,
 *     date_trunc('milliseconds', now()),
 *     'expired'
 *   from expired
 * )
 * select
 *   id,
 *   attempt,
 *   next_status as "status!"
 * from expired
 * order by id
 * ```
 */
export const jobReap: Query<JobReapParams, JobReapResult> = new Query("JobReap", jobReapIR);
