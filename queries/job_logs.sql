/* @name JobLogInsert */
-- Job logs are the lines a job reports while it runs.
-- Stores a line: level info and the time now unless told. The function counts
-- it, and makes the part of the table where it is missing.
-- Writes job_logs, job_log_counts.
select
  added.last_id as "id!",
  line.job_id as "job_id!",
  line.level as "level!",
  line.message as "message!",
  line.reported_at as "timestamp!"
from (
  values (
    :jobId!::integer,
    coalesce(:level::log_level, 'info'),
    :message!::text,
    coalesce(:timestamp::timestamptz, now())::timestamptz(3)
  )
) as line (job_id, level, message, reported_at)
cross join lateral job_logs_add(
  array[line.job_id],
  array[line.level],
  array[line.message],
  array[line.reported_at],
  false
) as added;

/* @name JobLogInsertMany */
-- Stores many lines, all or none, and tells how many. The arrays go together by
-- position; a null or absent level is info, a null or absent time is now. Lines
-- of one time keep their order. The function counts them, and makes parts of
-- the table that are missing.
-- Writes job_logs, job_log_counts.
select stored as "inserted!"
from job_logs_add(
  :jobIds!::integer[],
  :levels::text[]::log_level[],
  :messages!::text[],
  :timestamps::timestamptz[],
  false
);

/* @name JobLogWrite */
-- A batch of a writer, which may come again where its answer was lost: it is
-- stored once, in the order of the writer's batches. Times are milliseconds by
-- the writer's own count, which says now when it sends. Lines of jobs that are
-- gone are left out. No row where the batch had been stored.
-- Writes log_writers, job_logs, job_log_counts.
with fenced as (
  insert into log_writers (id, batch, started_at, written_at)
  values (
    :writer!,
    :batch!,
    now() - make_interval(secs => :now!::float8 / 1000),
    date_trunc('milliseconds', now())
  )
  on conflict (id) do update
  set
    batch = excluded.batch,
    written_at = excluded.written_at
  where log_writers.batch < excluded.batch
  returning started_at
)
select added.stored as "stored!"
from fenced
cross join lateral job_logs_add(
  :jobIds!::integer[],
  :levels!::text[]::log_level[],
  :messages!::text[],
  array(
    select fenced.started_at + make_interval(secs => count / 1000)
    from unnest(:times!::float8[]) with ordinality as given (count, place)
    order by place
  ),
  true
) as added;

/* @name JobLogWriterDelete */
-- Forgets a writer that has ended.
-- Writes log_writers.
delete from log_writers
where id = :writer!;

/* @name JobLogGet */
-- The key as the lists return it.
-- Reads.
select id, job_id, device_id, level, message, "timestamp"
from job_logs
where
  "timestamp" = :timestamp!
  and id = :id!;

/* @name JobLogList */
-- Lines of a job in the order of their times. Filters: a level at least, times
-- from the first up to but without the second, and text that stands in the
-- line, in either case.
-- Reads.
select id, job_id, device_id, level, message, "timestamp"
from job_logs
where
  device_id = (select jobs.device_id from jobs where jobs.id = :jobId!)
  and job_id = :jobId!
  and (:minLevel::log_level is null or level >= :minLevel)
  and "timestamp" >= coalesce(:from::timestamptz, '-infinity')
  and (:until::timestamptz is null or "timestamp" < :until)
  and (:text::text is null or strpos(lower(message), lower(:text)) > 0)
  and ("timestamp", id)
  > (
    coalesce(:afterTimestamp::timestamptz, '-infinity'),
    coalesce(:afterId::bigint, 0)
  )
order by "timestamp", id
-- Selected: with a limit that is known a plan would be made at each call, for
-- all parts of the table.
limit (select :limit!::integer);

/* @name JobLogListByDevice */
-- Lines of a device, of the job that was made last first, and of each the
-- latest first. Filters: a level at least, and times from the first up to but
-- without the second.
-- Reads.
select id, job_id, device_id, level, message, "timestamp"
from job_logs
where
  device_id = :deviceId!
  and (:minLevel::log_level is null or level >= :minLevel)
  and "timestamp" >= coalesce(:from::timestamptz, '-infinity')
  and "timestamp" < coalesce(:until::timestamptz, 'infinity')
  and (job_id, "timestamp", id)
  < (
    coalesce(:afterJobId::integer, 2147483647),
    coalesce(:afterTimestamp::timestamptz, 'infinity'),
    coalesce(:afterId::bigint, 9223372036854775807)
  )
order by job_id desc, "timestamp" desc, id desc
limit (select :limit!::integer);

/* @name JobLogListByTime */
-- Lines of all devices, the latest first. Filter: times from the first up to
-- but without the second.
-- Reads.
select id, job_id, device_id, level, message, "timestamp"
from job_logs
where
  "timestamp" >= coalesce(:from::timestamptz, '-infinity')
  and "timestamp" < coalesce(:until::timestamptz, 'infinity')
  and ("timestamp", id)
  < (
    coalesce(:afterTimestamp::timestamptz, 'infinity'),
    coalesce(:afterId::bigint, 9223372036854775807)
  )
order by "timestamp" desc, id desc
limit (select :limit!::integer);

/* @name JobLogWarningList */
-- As JobLogListByTime, of a level at least: warning or one above.
-- Reads.
select id, job_id, device_id, level, message, "timestamp"
from job_logs
where
  level >= 'warning'
  and level >= coalesce(:minLevel::log_level, 'warning')
  and "timestamp" >= coalesce(:from::timestamptz, '-infinity')
  and "timestamp" < coalesce(:until::timestamptz, 'infinity')
  and ("timestamp", id)
  < (
    coalesce(:afterTimestamp::timestamptz, 'infinity'),
    coalesce(:afterId::bigint, 9223372036854775807)
  )
order by "timestamp" desc, id desc
limit (select :limit!::integer);

/* @name JobLogTail */
-- Lines of a job after the last one read, from the first without one.
-- Reads.
select id, job_id, device_id, level, message, "timestamp"
from job_logs
where
  device_id = (select jobs.device_id from jobs where jobs.id = :jobId!)
  and job_id = :jobId!
  and ("timestamp", id)
  > (
    coalesce(:afterTimestamp::timestamptz, '-infinity'),
    coalesce(:afterId::bigint, 0)
  )
order by "timestamp", id
limit (select :limit!::integer);

/* @name JobLogStats */
-- How many lines a job has reported by level, the least first, also those that
-- retention has removed since. They are counted as they are stored.
-- Reads.
select
  level,
  lines as count,
  first_at,
  last_at
from job_log_counts
where job_id = :jobId!
order by level;

/* @name JobLogExpireByLevel */
-- Deletes lines of a level that are older than so many days, the oldest first,
-- after one of them; tells how many, and the last. A dry run deletes none.
-- Writes job_logs.
with doomed as materialized (
  select "timestamp", id
  from job_logs
  where
    level = :level!
    and ("timestamp", id)
    > (
      coalesce(:afterTimestamp::timestamptz, '-infinity'),
      coalesce(:afterId::bigint, 0)
    )
    and "timestamp" < now() - make_interval(days => :days!)
  order by "timestamp", id
  limit :limit!::integer
),
removed as (
  delete from job_logs
  using doomed
  where
    not :dryRun!::boolean
    and job_logs."timestamp" = doomed."timestamp"
    and job_logs.id = doomed.id
)
select
  (select count(*) from doomed)::integer as "deleted!",
  doomed."timestamp" as "timestamp?",
  doomed.id as "id?"
from (select) as one
left join (
  select "timestamp", id
  from doomed
  order by "timestamp" desc, id desc
  limit 1
) as doomed on true;

/* @name JobLogExpireByType */
-- Deletes lines of jobs of a type that are older than so many days; tells how
-- many. Jobs in the order of their ids, after one of them, a thousand at a
-- time: the last of these is told, too, null where there is none. A dry run
-- deletes none.
-- Writes job_logs.
with typed as materialized (
  select id, device_id
  from jobs
  where
    job_type = :jobType!
    and id > coalesce(:afterJobId::integer, 0)
  order by id
  limit 1000
),
doomed as materialized (
  select job_logs."timestamp", job_logs.id
  from typed
  join job_logs
    on job_logs.device_id = typed.device_id
    and job_logs.job_id = typed.id
  where job_logs."timestamp" < now() - make_interval(days => :days!)
  limit :limit!::integer
),
removed as (
  delete from job_logs
  using doomed
  where
    not :dryRun!::boolean
    and job_logs."timestamp" = doomed."timestamp"
    and job_logs.id = doomed.id
)
select
  (select count(*) from doomed)::integer as "deleted!",
  (select max(id) from typed) as last_job_id;

/* @name JobLogDelete */
-- Deletes the lines of a job, those before a time if one is given, and tells
-- how many.
-- Writes job_logs.
with removed as (
  delete from job_logs
  where
    job_id = :jobId!
    and (:before::timestamptz is null or "timestamp" < :before)
  returning id
)
select count(*)::integer as "deleted!"
from removed;
