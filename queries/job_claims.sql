/* @name JobTake */
-- Who works on a job, fenced: each answer of a worker counts only with the
-- token of its claim. Times are the server's.
-- Hands due jobs to a worker, with one token for all of them: the highest
-- priority first, then by time. A device that has one running gets no other;
-- rows that somebody else is taking are skipped, not waited for. Where two take
-- jobs of one device at the same moment, one call takes nothing and fails with
-- jobs_one_runs_per_device, or in a deadlock: jobClaim makes the token and
-- calls again.
-- Writes jobs.
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
  -- Selected: a plan for this one limit would look better than one for all, and
  -- be made at each call.
  limit (select :limit!::integer)
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
  -- An array, not a join: a limit that is not known yet looks like many rows,
  -- and the planner would read the whole table for them.
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
  job_type,
  priority,
  scheduled_for,
  attempt,
  failures,
  most_failures;

/* @name JobHeldList */
-- The jobs that a claim holds: what JobTake gave, where its answer was lost.
-- Reads.
select
  id,
  device_id,
  job_type,
  priority,
  scheduled_for,
  attempt,
  failures,
  most_failures
from jobs
where
  status = 'running'
  and claim_token = :claimToken!
order by id;

/* @name JobHeartbeat */
-- Prolongs claims from now on, and says of each whether it is held and whether
-- somebody wants the job cancelled. A claim that has outlived its lease is held
-- until somebody takes it away.
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
-- Ends attempts as succeeded, partial, failed, cancelled or released, each with
-- what went wrong; the arrays go together by position. What is released goes
-- back to the queue, due after the seconds to retry in, and has not failed;
-- what failed and has such seconds goes back as well, unless it was its last
-- attempt. Nothing goes back that somebody wants cancelled. Says for each:
-- accepted; repeated, where the same claim had ended the job before, which a
-- lost answer leads to; or stale, where the claim counts no more and nothing
-- changed. And where the job stands.
-- With a limit it takes so many jobs in the same round trip, as JobTake does,
-- with a new token: they come after the answers and have none. A device whose
-- job ends here still has it running as this call sees it, and gets its next
-- one by the next call. Where taking fails nothing was ended either: jobTurn
-- ends alone then.
-- Writes jobs, job_attempts.
with given as materialized (
  select
    place,
    id,
    claim_token,
    outcome,
    error_class,
    error_message,
    retry_seconds
  from unnest(
    -- Selected: so many seem to be given at each call, and one plan serves all.
    (select :ids!::integer[]),
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
  -- The order in which jobs are locked, here and elsewhere.
  order by id
),
found as materialized (
  select
    given.place,
    given.id,
    given.outcome::attempt_outcome as outcome,
    given.error_class,
    given.error_message,
    case
      when job.claim_token = given.claim_token and job.status = 'running'
        then 'accepted'
      when job.claim_token = given.claim_token then 'repeated'
      else 'stale'
    end as answer,
    job.status,
    job.attempt,
    job.claimed_by,
    job.started_at,
    case
      when given.outcome = 'released'
        and job.cancel_requested_at is not null
        then 'cancelled'
      when given.outcome = 'released'
        then 'queued'
      when given.outcome = 'failed'
        and given.retry_seconds is not null
        and job.failures + 1 < job.most_failures
        and job.cancel_requested_at is null
        then 'queued'
      else given.outcome
    end::job_status as next_status,
    date_trunc('milliseconds', now()) as ended_at,
    now()
    + make_interval(secs => coalesce(given.retry_seconds, 0)) as next_at
  from given
  -- Each job is looked up, and judged as it is once it is locked.
  left join lateral (
    select
      status,
      claim_token,
      attempt,
      claimed_by,
      started_at,
      failures,
      most_failures,
      cancel_requested_at
    from jobs
    where jobs.id = given.id
    for no key update
  ) as job on true
),
moved as (
  update jobs
  set
    status = found.next_status,
    scheduled_for = case
      when found.next_status = 'queued' then found.next_at
      else jobs.scheduled_for
    end,
    completed_at = case
      when found.next_status <> 'queued' then found.ended_at
    end,
    failures = jobs.failures + (found.outcome = 'failed')::integer,
    error_class = found.error_class,
    error_message = found.error_message,
    -- The token stays with what it ended.
    claim_token = case
      when found.next_status <> 'queued' then jobs.claim_token
    end,
    lease_until = null
  from found
  where
    jobs.id = found.id
    and found.answer = 'accepted'
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
  from found
  where
    answer = 'accepted'
    and next_status = 'queued'
),
-- As in JobTake.
due as materialized (
  select
    id,
    device_id,
    priority,
    scheduled_for
  from jobs
  where
    status = 'queued'
    and scheduled_for <= now()::timestamptz(3)
    and not exists (
      select
      from jobs as running
      where
        running.device_id = jobs.device_id
        and running.status = 'running'
      offset 0
    )
  order by priority desc, scheduled_for, id
  limit (select coalesce(:limit::integer, 0))
  for no key update skip locked
),
taken as (
  update jobs
  set
    status = 'running',
    claimed_by = :worker::text,
    claim_token = :claimToken::uuid,
    lease_until = now() + make_interval(secs => :leaseSeconds::float8),
    started_at = date_trunc('milliseconds', now()),
    attempt = attempt + 1
  where
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
    job_type,
    priority,
    scheduled_for,
    attempt,
    failures,
    most_failures
)
select
  id as "id!",
  answer as "answer?",
  status as "status?",
  device_id as "device_id?",
  job_type as "job_type?",
  priority as "priority?",
  scheduled_for as "scheduled_for?",
  attempt as "attempt?",
  failures as "failures?",
  most_failures as "most_failures?"
from (
  select
    place,
    id,
    answer,
    case
      when answer = 'accepted' then next_status
      else status
    end as status,
    null::integer as device_id,
    null as job_type,
    null::smallint as priority,
    null::timestamptz as scheduled_for,
    null::integer as attempt,
    null::smallint as failures,
    null::smallint as most_failures
  from found
  union all
  select
    null,
    id,
    null,
    null,
    device_id,
    job_type,
    priority,
    scheduled_for,
    attempt,
    failures,
    most_failures
  from taken
) as turn
order by place nulls last;

/* @name JobCancel */
-- Cancels jobs that wait; one that runs is marked, and its worker sees it at
-- its next heartbeat. Says for each: cancelled, requested, ended where it had
-- ended before, or missing.
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
-- Takes away claims that have outlived their lease, those of the lowest ids
-- first. The job goes back to the queue, later after each failure: after some
-- seconds, twice as many, and so on, up to the most; after its last attempt it
-- has failed, and where somebody wants it cancelled it is. Whoever calls; rows
-- that somebody else is reaping are skipped.
-- Writes jobs, job_attempts.
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
