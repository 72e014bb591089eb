/* @name JobTake */
-- Who works on a job, fenced: each answer of a worker counts only with the token
-- of its claim. Times are the server's.
-- Hands due jobs to a worker, with one token for all of them: the highest
-- priority first, then by time. A device that has one running gets no other; rows
-- that somebody else is taking are skipped, not waited for. Where two take jobs
-- of one device at the same moment, one call takes nothing and fails with
-- jobs_one_runs_per_device, or in a deadlock: jobClaim makes the token and calls
-- again.
with due as materialized (
  select
    id,
    device_id,
    priority,
    scheduled_for
  from jobs
  where
    status = 'queued'
    -- Rounded as the column is: what is due now is not due in a moment.
    and scheduled_for <= now()::timestamptz(3)
    and not exists (
      select
      from jobs as running
      where
        running.device_id = jobs.device_id
        and running.status = 'running'
      -- Each device is looked up: a join would compare each with all that run.
      offset 0
    )
  order by priority desc, scheduled_for, id
  limit :limit!::integer
  for no key update skip locked
)
update jobs
set
  status = 'running',
  claimed_by = :worker!,
  claim_token = :claimToken!::uuid,
  lease_until = now() + make_interval(secs => :leaseSeconds!::float8),
  started_at = date_trunc('milliseconds', now()),
  attempt = attempt + 1
where
  -- An array, not a join: a limit that is not known yet looks like many rows, and
  -- the planner would read the whole table for them.
  id = any(
    array(
      select distinct on (device_id) id
      from due
      order by device_id, priority desc, scheduled_for, id
    )
  )
returning
  id,
  device_id,
  priority,
  scheduled_for,
  started_at,
  attempt,
  failures,
  most_failures,
  claim_token as "claim_token!",
  lease_until as "lease_until!";

/* @name JobHeldList */
-- The jobs that a claim holds: what JobTake gave, where its answer was lost.
select
  id,
  device_id,
  priority,
  scheduled_for,
  started_at,
  attempt,
  failures,
  most_failures,
  claim_token as "claim_token!",
  lease_until as "lease_until!"
from jobs
where
  status = 'running'
  and claim_token = :claimToken!
order by id;

/* @name JobHeartbeat */
-- Prolongs claims from now on, and says of each whether it is held and whether
-- somebody wants the job cancelled. A claim that has outlived its lease is held
-- until somebody takes it away.
with given as (
  select
    place,
    id,
    claim_token
  from unnest(:ids!::integer[], :claimTokens!::uuid[])
    with ordinality as given (id, claim_token, place)
),
held as materialized (
  select
    jobs.id,
    jobs.cancel_requested_at
  from jobs
  join given on given.id = jobs.id
  where
    jobs.claim_token = given.claim_token
    and jobs.status = 'running'
  order by jobs.id
  for no key update of jobs
),
prolonged as (
  update jobs
  set lease_until = now() + make_interval(secs => :leaseSeconds!::float8)
  from held
  where jobs.id = held.id
)
select
  given.id as "id!",
  held.id is not null as "held!",
  held.cancel_requested_at is not null as "cancel_requested!"
from given
left join held on held.id = given.id
order by given.place;

/* @name JobFinish */
-- Ends attempts as succeeded, partial, failed or cancelled, each with what went
-- wrong; the arrays go together by position. What failed and has seconds to
-- retry in goes back to the queue for then, unless it was its last attempt or
-- somebody wants the job cancelled. Says for each: accepted; repeated, where the
-- same claim had ended the job before, which a lost answer leads to; or stale,
-- where the claim counts no more and nothing changed. And where the job stands.
with given as (
  select
    place,
    id,
    claim_token,
    outcome,
    error_class,
    error_message,
    retry_seconds
  from unnest(
    :ids!::integer[],
    :claimTokens!::uuid[],
    :outcomes!::text[],
    :errorClasses!::text[],
    :errorMessages!::text[],
    :retrySeconds!::float8[]
  ) with ordinality as given (
    id,
    claim_token,
    outcome,
    error_class,
    error_message,
    retry_seconds,
    place
  )
),
held as materialized (
  select
    jobs.id,
    jobs.attempt,
    jobs.claimed_by,
    jobs.started_at,
    given.outcome::attempt_outcome as outcome,
    given.error_class,
    given.error_message,
    case
      when given.outcome = 'failed'
        and given.retry_seconds is not null
        and jobs.failures + 1 < jobs.most_failures
        and jobs.cancel_requested_at is null
        then 'queued'
      else given.outcome
    end::job_status as status,
    date_trunc('milliseconds', now()) as ended_at,
    now() + make_interval(secs => given.retry_seconds) as next_at
  from jobs
  join given on given.id = jobs.id
  where
    jobs.claim_token = given.claim_token
    and jobs.status = 'running'
  order by jobs.id
  for no key update of jobs
),
moved as (
  update jobs
  set
    status = held.status,
    scheduled_for = case
      when held.status = 'queued' then held.next_at
      else jobs.scheduled_for
    end,
    completed_at = case when held.status <> 'queued' then held.ended_at end,
    failures = jobs.failures + (held.outcome = 'failed')::integer,
    error_class = held.error_class,
    error_message = held.error_message,
    -- The token stays with what it ended.
    claim_token = case
      when held.status <> 'queued' then jobs.claim_token
    end,
    lease_until = null
  from held
  where jobs.id = held.id
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
    claimed_by,
    started_at,
    ended_at,
    outcome,
    error_class,
    error_message
  from held
  where status = 'queued'
)
select
  given.id as "id!",
  case
    when held.id is not null then 'accepted'
    when
      jobs.claim_token = given.claim_token
      and jobs.status <> 'running'
      then 'repeated'
    else 'stale'
  end as "answer!",
  coalesce(held.status, jobs.status) as "status?"
from given
left join held on held.id = given.id
left join jobs on jobs.id = given.id
order by given.place;

/* @name JobRelease */
-- Gives jobs back that their worker will not go on with, as when it stops: due
-- again after some seconds, and no failure. What somebody wants cancelled is
-- cancelled. Says for each whether it was accepted or the claim was stale.
with given as (
  select
    place,
    id,
    claim_token
  from unnest(:ids!::integer[], :claimTokens!::uuid[])
    with ordinality as given (id, claim_token, place)
),
held as materialized (
  select
    jobs.id,
    jobs.attempt,
    jobs.claimed_by,
    jobs.started_at,
    jobs.cancel_requested_at is not null as is_cancelled
  from jobs
  join given on given.id = jobs.id
  where
    jobs.claim_token = given.claim_token
    and jobs.status = 'running'
  order by jobs.id
  for no key update of jobs
),
again as (
  update jobs
  set
    status = 'queued',
    scheduled_for = now() + make_interval(secs => :seconds!::float8),
    claim_token = null,
    lease_until = null
  from held
  where
    jobs.id = held.id
    and not held.is_cancelled
),
cancelled as (
  update jobs
  set
    status = 'cancelled',
    completed_at = date_trunc('milliseconds', now()),
    claim_token = null,
    lease_until = null
  from held
  where
    jobs.id = held.id
    and held.is_cancelled
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
    'released'
  from held
)
select
  given.id as "id!",
  case
    when held.id is null then 'stale'
    else 'accepted'
  end as "answer!"
from given
left join held on held.id = given.id
order by given.place;

/* @name JobCancel */
-- Cancels jobs that wait; one that runs is marked, and its worker sees it at its
-- next heartbeat. Says for each: cancelled, requested, ended where it had ended
-- before, or missing.
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
-- Takes away claims that have outlived their lease, those of the lowest ids
-- first. The job goes back to the queue, later after each failure: after some
-- seconds, twice as many, and so on, up to the most; after its last attempt it
-- has failed, and where somebody wants it cancelled it is. Whoever calls; rows
-- that somebody else is reaping are skipped.
with expired as materialized (
  select
    id,
    attempt,
    claimed_by,
    started_at,
    case
      when cancel_requested_at is not null then 'cancelled'
      when failures + 1 < most_failures then 'queued'
      else 'failed'
    end::job_status as next_status,
    now() + make_interval(
      secs => least(
        :backOffSeconds!::float8 * power(2, failures),
        :mostSeconds!::float8
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
