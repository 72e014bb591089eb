-- Schedules create jobs when they are due, for one device or for devices with
-- tags.

/* @name ScheduleInsert */
-- Creates a schedule. Returns no row if one of the tags does not exist.
-- scheduleCreate first determines when the schedule is due.
-- :timeZone Defaults to UTC.
-- :jobType Defaults to backup.
-- :priority Priority of its jobs. Defaults to 0.
-- :enabled Defaults to true.
-- Returns Schedule.
-- Internal: a step of scheduleCreate.
-- Writes schedules, schedule_tags.
with inserted as (
  insert into schedules (
    name,
    cron,
    every_seconds,
    time_zone,
    device_id,
    job_type,
    priority,
    enabled,
    next_run_at
  )
  select
    :name!,
    :cron::text,
    :everySeconds::integer,
    coalesce(:timeZone::text, 'UTC'),
    :deviceId::integer,
    coalesce(:jobType::text, 'backup'),
    coalesce(:priority::smallint, 0),
    coalesce(:enabled::boolean, true),
    :nextRunAt!::timestamptz
  where
    not exists (
      select
      from unnest(:tagNames!::text[]) as given (name)
      where given.name not in (select tags.name from tags)
    )
  returning
    id,
    name,
    cron,
    every_seconds,
    time_zone,
    device_id,
    job_type,
    priority,
    enabled,
    next_run_at,
    last_run_at
),
tagged as (
  insert into schedule_tags (schedule_id, tag_id)
  select
    inserted.id,
    tags.id
  from inserted
  join tags on tags.name = any(:tagNames!::text[])
)
select
  id,
  name,
  cron,
  every_seconds,
  time_zone,
  device_id,
  job_type,
  priority,
  enabled,
  next_run_at,
  last_run_at
from inserted;

/* @name ScheduleGet */
-- .tagNames[!] Names of its tags, sorted.
-- .now Server time.
-- Reads.
select
  id,
  name,
  cron,
  every_seconds,
  time_zone,
  device_id,
  names as "tag_names!",
  priority,
  enabled,
  next_run_at,
  last_run_at,
  date_trunc('milliseconds', now()) as "now!"
from schedules
cross join schedule_tag_names(id) as names
where id = :id!;

/* @name ScheduleList */
-- Lists schedules with their tags, by name.
-- :afterName The name of the last row of the previous page.
-- :limit Maximum rows to return.
-- .tagNames[!] Names of its tags, sorted.
-- Reads.
select
  id,
  name,
  cron,
  every_seconds,
  time_zone,
  device_id,
  names as "tag_names!",
  priority,
  enabled,
  next_run_at,
  last_run_at
from schedules
cross join schedule_tag_names(id) as names
where name > coalesce(:afterName::text, '')
order by name
limit :limit!::integer;

/* @name ScheduleUpdate */
-- Changes the given fields and keeps the others. A cron expression replaces an
-- interval, and the other way round. scheduleChange determines the next time.
-- :name Defaults to the current name.
-- :timeZone Defaults to the current time zone.
-- :jobType Defaults to the current type.
-- :priority Defaults to the current priority.
-- :enabled Defaults to the current value.
-- Returns Schedule.
-- Internal: a step of scheduleChange.
-- Writes schedules.
update schedules
set
  name = coalesce(:name::text, name),
  cron = case
    when :everySeconds::integer is null then coalesce(:cron::text, cron)
  end,
  every_seconds = case
    when :cron::text is null then coalesce(:everySeconds::integer, every_seconds)
  end,
  time_zone = coalesce(:timeZone::text, time_zone),
  job_type = coalesce(:jobType::text, job_type),
  priority = coalesce(:priority::smallint, priority),
  enabled = coalesce(:enabled::boolean, enabled),
  next_run_at = :nextRunAt!::timestamptz
where id = :id!
returning
  id,
  name,
  cron,
  every_seconds,
  time_zone,
  device_id,
  job_type,
  priority,
  enabled,
  next_run_at,
  last_run_at;

/* @name ScheduleDueList */
-- Lists schedules that are due, longest due first, with the server time.
-- :limit Maximum rows to return.
-- .now Server time.
-- Internal: a step of scheduleRunDue.
-- Reads.
select
  id,
  name,
  cron,
  every_seconds,
  time_zone,
  next_run_at,
  date_trunc('milliseconds', now()) as "now!"
from schedules
where
  enabled
  and next_run_at <= now()::timestamptz(3)
order by next_run_at, id
limit :limit!::integer;

/* @name ScheduleRun */
-- Creates the jobs of schedules that are still due at the given times, and
-- moves each schedule to its next time. A schedule without a next time is
-- disabled. A concurrent second call finds another time and creates no jobs. A
-- device that already has a queued job of the type gets no other, and a device
-- in several schedules gets one job of a type. Returns each schedule that was
-- run.
-- :dueAts When each schedule was due, as it was read.
-- :nextAts[?] Next time of each schedule; null disables it.
-- .jobs Number of jobs that were created.
-- .enabled False: the schedule has no next time and was disabled.
-- Internal: a step of scheduleRunDue.
-- Writes schedules, jobs, device_states.
with given as (
  select *
  from unnest(
    :ids!::integer[],
    :dueAts!::timestamptz[],
    :nextAts!::timestamptz[]
  ) as given (id, due_at, next_at)
),
due as materialized (
  select
    schedules.id,
    schedules.device_id,
    schedules.job_type,
    schedules.priority,
    given.next_at
  from schedules
  join given on given.id = schedules.id
  where
    schedules.enabled
    and schedules.next_run_at = given.due_at
  order by schedules.id
  for no key update of schedules skip locked
),
moved as (
  update schedules
  set
    last_run_at = date_trunc('milliseconds', now()),
    next_run_at = coalesce(due.next_at, schedules.next_run_at),
    enabled = due.next_at is not null
  from due
  where schedules.id = due.id
),
wanted as (
  select distinct on (device_id, job_type)
    device_id,
    job_type,
    schedule_id,
    priority
  from (
    select
      device_id,
      job_type,
      id as schedule_id,
      priority
    from due
    where device_id is not null
    union all
    select
      device_tags.device_id,
      due.job_type,
      due.id,
      due.priority
    from due
    join schedule_tags on schedule_tags.schedule_id = due.id
    join device_tags on device_tags.tag_id = schedule_tags.tag_id
  ) as device
  order by device_id, job_type, priority desc, schedule_id
),
inserted as (
  insert into jobs (device_id, job_type, priority)
  select
    device_id,
    job_type,
    priority
  from wanted
  where
    not exists (
      select
      from jobs as waiting
      where
        waiting.device_id = wanted.device_id
        and waiting.job_type = wanted.job_type
        and waiting.status = 'queued'
    )
  order by device_id
  returning id, device_id
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
  due.id as "id!",
  due.next_at is not null as "enabled!",
  count(inserted.id)::integer as "jobs!"
from due
left join wanted on wanted.schedule_id = due.id
left join inserted on inserted.device_id = wanted.device_id
cross join pg_notify('netraven_jobs', '')
group by due.id, due.next_at
order by due.id;

/* @name ScheduleDelete */
-- Deletes a schedule. The jobs that it created stay.
-- Writes schedules.
delete from schedules
where id = :id!
returning id, name;
