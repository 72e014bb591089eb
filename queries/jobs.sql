-- Jobs are tasks, each for one device. No query here returns a claim token.

/* @name JobInsert */
-- Queues a job, records it as the latest of its device, and wakes workers.
-- Among due jobs, those with the highest priority run first.
-- :scheduledFor When the job is due. Defaults to now.
-- :jobType Defaults to backup.
-- :priority Higher numbers come first. Defaults to 0.
-- :maxAttempts Maximum failed attempts. Defaults to 3.
-- Writes jobs, device_states.
with inserted as (
  insert into jobs (
    device_id,
    scheduled_for,
    job_type,
    priority,
    max_attempts
  )
  values (
    :deviceId!,
    coalesce(:scheduledFor::timestamptz, date_trunc('milliseconds', now())),
    coalesce(:jobType::text, 'backup'),
    coalesce(:priority::smallint, 0),
    coalesce(:maxAttempts::smallint, 3)
  )
  returning id, device_id, status, scheduled_for
),
noted as (
  insert into device_states (device_id, job_id)
  select device_id, id
  from inserted
  on conflict (device_id) do update
  set job_id = greatest(device_states.job_id, excluded.job_id)
)
select
  inserted.id,
  inserted.device_id,
  inserted.status,
  inserted.scheduled_for
from inserted
cross join pg_notify('netraven_jobs', '');

/* @name JobInsertMany */
-- Queues many jobs, wakes workers once, and returns the outcome for each, in
-- the given order. Arrays are matched by position. A device that does not exist
-- is missing and gets no job.
-- Jobs get their ids in the given order, so that the nth id is that of the nth
-- row.
-- :scheduledFor[?] When each job is due. Now if null.
-- :jobType Type of all jobs. Defaults to backup.
-- :priority Higher numbers come first. Defaults to 0.
-- :maxAttempts Maximum failed attempts. Defaults to 3.
-- .index Position in the input, from 0.
-- .outcome One of: created, missing.
-- Writes jobs, device_states.
with given as (
  select
    place::integer - 1 as index,
    device_id,
    scheduled_for
  from unnest(:deviceIds!::integer[], :scheduledFor::timestamptz[])
    with ordinality as given (device_id, scheduled_for, place)
),
found as (
  select
    given.index,
    given.device_id,
    given.scheduled_for,
    row_number() over (order by given.index) as nth
  from given
  join devices on devices.id = given.device_id
),
inserted as (
  insert into jobs (
    device_id,
    scheduled_for,
    job_type,
    priority,
    max_attempts
  )
  select
    device_id,
    coalesce(scheduled_for, date_trunc('milliseconds', now())),
    coalesce(:jobType::text, 'backup'),
    coalesce(:priority::smallint, 0),
    coalesce(:maxAttempts::smallint, 3)
  from found
  order by nth
  returning id, device_id, status, scheduled_for
),
numbered as (
  select
    id,
    status,
    scheduled_for,
    row_number() over (order by id) as nth
  from inserted
),
noted as (
  insert into device_states (device_id, job_id)
  select
    device_id,
    max(id)
  from inserted
  group by device_id
  order by device_id
  on conflict (device_id) do update
  set job_id = greatest(device_states.job_id, excluded.job_id)
)
select
  given.index as "index!",
  case
    when numbered.id is null then 'missing'
    else 'created'
  end as "outcome!",
  given.device_id as "device_id!",
  numbered.id as "id?",
  numbered.status as "status?",
  numbered.scheduled_for as "scheduled_for?"
from given
left join found using (index)
left join numbered using (nth)
cross join pg_notify('netraven_jobs', '')
order by given.index;

/* @name JobGet */
-- Returns Job.
-- Reads.
select
  id,
  device_id,
  status,
  scheduled_for,
  started_at,
  completed_at,
  claimed_by,
  lease_until,
  attempt,
  job_type,
  priority,
  failures,
  max_attempts,
  cancel_requested_at,
  error_class,
  error_message
from jobs
where id = :id!;

/* @name JobList */
-- Lists jobs by scheduled time, latest first. For one device alone,
-- JobListByDevice is faster.
-- :statuses Only jobs with one of these statuses.
-- :deviceId Only jobs of this device.
-- :scheduledFrom Only jobs that are due from this time on.
-- :scheduledUntil Only jobs that are due before this time.
-- :afterId The id of the last row of the previous page.
-- :afterScheduledFor The scheduledFor of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns Job.
-- Reads.
select
  id,
  device_id,
  status,
  scheduled_for,
  started_at,
  completed_at,
  claimed_by,
  lease_until,
  attempt,
  job_type,
  priority,
  failures,
  max_attempts,
  cancel_requested_at,
  error_class,
  error_message
from jobs
where
  (:statuses::text[] is null or status = any(:statuses::text[]::job_status[]))
  and (:deviceId::integer is null or device_id = :deviceId)
  and scheduled_for >= coalesce(:scheduledFrom::timestamptz, '-infinity')
  and (
    :scheduledUntil::timestamptz is null
    or scheduled_for < :scheduledUntil
  )
  and (scheduled_for, id)
  < (
    coalesce(:afterScheduledFor::timestamptz, 'infinity'),
    coalesce(:afterId::integer, 2147483647)
  )
order by scheduled_for desc, id desc
limit :limit!::integer;

/* @name JobListByDevice */
-- Lists the jobs of a device, newest first.
-- :afterId The id of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns Job.
-- Reads.
select
  id,
  device_id,
  status,
  scheduled_for,
  started_at,
  completed_at,
  claimed_by,
  lease_until,
  attempt,
  job_type,
  priority,
  failures,
  max_attempts,
  cancel_requested_at,
  error_class,
  error_message
from jobs
where
  device_id = :deviceId!
  and id < coalesce(:afterId::integer, 2147483647)
order by id desc
limit :limit!::integer;

/* @name JobLatestByDevice */
-- Lists the newest job of each device, by device. A device without a job has no
-- row.
-- Returns Job.
-- Reads.
select
  jobs.id,
  jobs.device_id,
  jobs.status,
  jobs.scheduled_for,
  jobs.started_at,
  jobs.completed_at,
  jobs.claimed_by,
  jobs.lease_until,
  jobs.attempt,
  jobs.job_type,
  jobs.priority,
  jobs.failures,
  jobs.max_attempts,
  jobs.cancel_requested_at,
  jobs.error_class,
  jobs.error_message
from device_states
join jobs on jobs.id = device_states.job_id
where device_states.device_id = any(:deviceIds!::integer[])
order by jobs.device_id;

/* @name JobStats */
-- Returns the state of the queue now, and statistics of the jobs that were due
-- since a time and have ended. Durations and the success rate are null if there
-- are no such jobs.
-- :from Only jobs that were due from this time on.
-- .due Queued jobs that are due.
-- .later Queued jobs that are not due yet.
-- .medianSeconds Median duration of the last attempt, from start to end.
-- .successRate Share of succeeded among succeeded, partial and failed jobs, 0
--   to 1.
-- Reads.
select
  queue.due as "due!",
  queue.later as "later!",
  running.running as "running!",
  queue.oldest_due_at,
  ended.succeeded as "succeeded!",
  ended.partial as "partial!",
  ended.failed as "failed!",
  ended.cancelled as "cancelled!",
  ended.succeeded::float8
  / nullif(ended.succeeded + ended.partial + ended.failed, 0) as success_rate,
  ended.median_seconds,
  ended.p95_seconds
from (
  select
    count(*) filter (
      where scheduled_for <= now()::timestamptz(3)
    )::integer as due,
    count(*) filter (
      where scheduled_for > now()::timestamptz(3)
    )::integer as later,
    min(scheduled_for) filter (
      where scheduled_for <= now()::timestamptz(3)
    ) as oldest_due_at
  from jobs
  where status = 'queued'
) as queue
cross join (
  select count(*)::integer as running
  from jobs
  where status = 'running'
) as running
cross join (
  select
    count(*) filter (where status = 'succeeded')::integer as succeeded,
    count(*) filter (where status = 'partial')::integer as partial,
    count(*) filter (where status = 'failed')::integer as failed,
    count(*) filter (where status = 'cancelled')::integer as cancelled,
    percentile_cont(0.5) within group (
      order by extract(epoch from completed_at - started_at)::float8
    ) as median_seconds,
    percentile_cont(0.95) within group (
      order by extract(epoch from completed_at - started_at)::float8
    ) as p95_seconds
  from jobs
  where
    scheduled_for >= :from!
    and completed_at is not null
) as ended;

/* @name JobDelete */
-- Deletes a job. Its logs stay; logsDelete deletes them. If it was the latest
-- job of its device, the previous job becomes the latest.
-- Writes jobs, device_states.
with removed as (
  delete from jobs
  where id = :id!
  returning id, device_id, status, scheduled_for, started_at, completed_at
),
previous as (
  select max(jobs.id) as id
  from jobs
  where
    jobs.device_id = (select device_id from removed)
    and jobs.id < :id!
),
noted as (
  update device_states
  set job_id = previous.id
  from removed
  cross join previous
  where
    device_states.device_id = removed.device_id
    and device_states.job_id = removed.id
)
select
  id,
  device_id,
  status,
  scheduled_for,
  started_at,
  completed_at
from removed;
