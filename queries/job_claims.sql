-- Claims of jobs. A report of a worker counts only with its claim token. All
-- times are server times.

/* @name JobTake */
-- Hands due jobs to a worker under one claim token: highest priority first,
-- then by time. A device with a running job gets no other. Jobs that another
-- worker is claiming are skipped, not waited for. If two calls claim jobs of
-- one device at the same moment, one of them claims nothing and fails with
-- jobs_one_runs_per_device or a deadlock. jobClaim creates the token and calls
-- again.
-- :worker Name of the worker.
-- :claimToken A new UUID.
-- :leaseSeconds Lease in seconds. When it expires, others may take the jobs.
-- :limit Maximum jobs to claim.
-- Returns HeldJob.
-- Internal: a step of jobClaim.
-- Writes jobs.
select
  id as "id!",
  device_id as "device_id!",
  job_type as "job_type!",
  priority as "priority!",
  scheduled_for as "scheduled_for!",
  attempt as "attempt!",
  failures as "failures!",
  max_attempts as "max_attempts!"
from jobs_take(
  :worker!,
  :claimToken!::uuid,
  :leaseSeconds!::float8,
  :limit!::integer
);

/* @name JobHeldList */
-- Lists the jobs that a claim holds: the result of JobTake if its answer was
-- lost.
-- Returns HeldJob.
-- Internal: a step of jobClaim.
-- Reads.
select
  id,
  device_id,
  job_type,
  priority,
  scheduled_for,
  attempt,
  failures,
  max_attempts
from jobs
where
  status = 'running'
  and claim_token = :claimToken!
order by id;

/* @name JobHeartbeat */
-- Extends leases from now on. Returns for each claim whether it is still held
-- and whether cancellation of its job was requested. An expired claim is held
-- until JobReap ends it.
-- :claimTokens Token of each claim.
-- :leaseSeconds New lease in seconds, from now.
-- .held Whether the claim is still valid.
-- .cancelRequested Whether cancellation of the job was requested.
-- Writes jobs.
with given as materialized (
  select
    place,
    id,
    claim_token
  from unnest((select :ids!::integer[]), :claimTokens!::uuid[])
    with ordinality as given (id, claim_token, place)
  order by id
),
found as materialized (
  select
    given.place,
    given.id,
    job.status = 'running' and job.claim_token = given.claim_token as held,
    job.cancel_requested_at
  from given
  left join lateral (
    select
      status,
      claim_token,
      cancel_requested_at
    from jobs
    where jobs.id = given.id
    for no key update
  ) as job on true
),
prolonged as (
  update jobs
  set lease_until = now() + make_interval(secs => :leaseSeconds!::float8)
  from found
  where
    jobs.id = found.id
    and found.held
)
select
  id as "id!",
  held is true as "held!",
  held is true and cancel_requested_at is not null as "cancel_requested!"
from found
order by place;

/* @name JobFinish */
-- Ends attempts, each with its outcome and error. Arrays are matched by
-- position. A released job is requeued and does not count as failed. A failed
-- job with retry seconds is requeued unless this was its last attempt. A job
-- whose cancellation was requested is never requeued.
-- Returns the status of each job and an answer: accepted; repeated if the same
-- claim has already ended the job, which happens after a lost answer; or stale
-- if the claim is no longer valid and nothing was changed.
-- With a limit the call also claims jobs under a new token, like JobTake. Their
-- rows follow the answers and have is_taken. A device whose job ends in this
-- call gets its next job in the next call, because this one still sees the old
-- job as running. If claiming fails, no attempt is ended either; then
-- jobFinishAndClaim ends the attempts alone.
-- :claimTokens Token of each claim.
-- :outcomes One of: succeeded, partial, failed, cancelled, released.
-- :errorClasses[?] Class of the error; null if there is none.
-- :errorMessages[?] Message of the error; null if there is none.
-- :retrySeconds[?] Seconds until the retry; null for no retry.
-- :worker Name of the worker that claims jobs.
-- :claimToken A new UUID for the claimed jobs.
-- :leaseSeconds Lease of the claimed jobs in seconds.
-- :limit Maximum jobs to claim. Defaults to 0.
-- .isTaken True for a claimed job, false for an answer.
-- .answer One of: accepted, repeated, stale. Null for a claimed job.
-- .status Status of the job; null for a claimed job.
-- Writes jobs, job_attempts.
with ends as materialized (
  select *
  from jobs_judge(
    :ids!::integer[],
    :claimTokens!::uuid[],
    :outcomes!::text[],
    :errorClasses!::text[],
    :errorMessages!::text[],
    :retrySeconds!::float8[]
  )
),
moved as (
  update jobs
  set
    status = ends.next_status,
    scheduled_for = case
      when ends.next_status = 'queued' then ends.next_at
      else jobs.scheduled_for
    end,
    completed_at = case
      when ends.next_status <> 'queued' then date_trunc('milliseconds', now())
    end,
    failures = jobs.failures + (ends.outcome = 'failed')::integer,
    error_class = ends.error_class,
    error_message = ends.error_message,
    -- A job keeps the token of the claim that ended it.
    claim_token = case
      when ends.next_status <> 'queued' then jobs.claim_token
    end,
    lease_until = null
  from ends
  where
    jobs.id = ends.id
    and ends.answer = 'accepted'
),
noted as (
  insert into job_attempts (
    job_id,
    attempt,
    worker,
    started_at,
    completed_at,
    outcome,
    error_class,
    error_message
  )
  select
    id,
    attempt,
    worker,
    started_at,
    date_trunc('milliseconds', now()),
    outcome,
    error_class,
    error_message
  from ends
  where
    answer = 'accepted'
    and next_status = 'queued'
)
select
  id as "id!",
  is_taken as "is_taken!",
  answer as "answer?",
  status as "status?",
  (job).device_id as "device_id?",
  (job).job_type as "job_type?",
  (job).priority as "priority?",
  (job).scheduled_for as "scheduled_for?",
  (job).attempt as "attempt?",
  (job).failures as "failures?",
  (job).max_attempts as "max_attempts?"
from (
  select
    place,
    id,
    false as is_taken,
    answer,
    case
      when answer = 'accepted' then next_status
      else status
    end as status,
    null::jobs as job
  from ends
  union all
  select null, job.id, true, null, null, job
  from jobs_take(
    :worker::text,
    :claimToken::uuid,
    :leaseSeconds::float8,
    coalesce(:limit::integer, 0)
  ) as job
) as turn
order by is_taken, place;

/* @name JobCancel */
-- Cancels queued jobs. A running job is marked, and its worker sees that at its
-- next heartbeat. Returns for each job: cancelled, requested, ended if it had
-- already ended, or missing.
-- .answer One of: missing, cancelled, requested, ended.
-- Writes jobs.
with wanted as materialized (
  select id, status
  from jobs
  where id = any(:ids!::integer[])
  order by id
  for no key update
),
cancelled as (
  update jobs
  set
    status = 'cancelled',
    completed_at = date_trunc('milliseconds', now())
  from wanted
  where
    jobs.id = wanted.id
    and wanted.status = 'queued'
),
requested as (
  update jobs
  set cancel_requested_at = date_trunc('milliseconds', now())
  from wanted
  where
    jobs.id = wanted.id
    and wanted.status = 'running'
    and jobs.cancel_requested_at is null
)
select
  given.id as "id!",
  case
    when wanted.id is null then 'missing'
    when wanted.status = 'queued' then 'cancelled'
    when wanted.status = 'running' then 'requested'
    else 'ended'
  end as "answer!"
from unnest(:ids!::integer[]) with ordinality as given (id, place)
left join wanted on wanted.id = given.id
order by given.place;

/* @name JobReap */
-- Ends expired claims, lowest job ids first. The job is requeued with
-- exponential backoff. After its last attempt it fails instead; if cancellation
-- was requested it is cancelled. Any caller may reap; jobs that another call is
-- reaping are skipped.
-- :backoffSeconds Initial backoff in seconds. Doubles with each failure.
-- :maxBackoffSeconds Maximum backoff in seconds.
-- :limit Maximum jobs to reap.
-- Writes jobs, job_attempts.
with expired as materialized (
  select
    id,
    attempt,
    claimed_by,
    started_at,
    case
      when cancel_requested_at is not null then 'cancelled'
      when failures + 1 < max_attempts then 'queued'
      else 'failed'
    end::job_status as next_status,
    now() + make_interval(
      secs => least(
        :backoffSeconds!::float8 * power(2, failures),
        :maxBackoffSeconds!::float8
      )
    ) as next_at
  from jobs
  where
    status = 'running'
    and lease_until < now()
  order by id
  limit :limit!::integer
  for no key update skip locked
),
again as (
  update jobs
  set
    status = 'queued',
    scheduled_for = expired.next_at,
    failures = failures + 1,
    claim_token = null,
    lease_until = null
  from expired
  where
    jobs.id = expired.id
    and expired.next_status = 'queued'
),
ended as (
  update jobs
  set
    status = expired.next_status,
    completed_at = date_trunc('milliseconds', now()),
    failures = failures + 1,
    claim_token = null,
    lease_until = null
  from expired
  where
    jobs.id = expired.id
    and expired.next_status <> 'queued'
),
noted as (
  insert into job_attempts
    (job_id, attempt, worker, started_at, completed_at, outcome)
  select
    id,
    attempt,
    claimed_by,
    started_at,
    date_trunc('milliseconds', now()),
    'expired'
  from expired
)
select
  id,
  attempt,
  next_status as "status!"
from expired
order by id;
