-- Job logs are the lines that a job reports while it runs.

/* @name JobLogInsert */
-- Stores and counts a line. Creates the partition if it does not exist.
-- :level Defaults to info.
-- :timestamp When the line was reported. Defaults to now.
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
-- Stores and counts many lines, all or none, and returns their number. Arrays
-- are matched by position. Lines with the same time keep their order. Creates
-- missing partitions.
-- :levels[?] Level of each line. Info if null.
-- :timestamps[?] When each line was reported. Now if null.
-- Returns LogsInserted.
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
-- Stores a batch of a writer, which may send it again if the answer was lost. A
-- batch is stored only once, and only after batches with lower numbers. Returns
-- no row if the batch was already stored. Times are milliseconds of the
-- writer's own clock; now is its reading when the writer sends. Lines of
-- deleted jobs are skipped.
-- :batch Number of the batch, higher than that of the previous one.
-- :now Writer's clock when it sends, in milliseconds.
-- :times When each line was reported, by the writer's clock.
-- Internal: a step of jobLog.
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
-- Deletes a writer that has ended.
-- Internal: a step of jobLog.
-- Writes log_writers.
delete from log_writers
where id = :writer!;

/* @name JobLogGet */
-- Returns a line, by the key that the lists return.
-- Returns JobLogLine.
-- Reads.
select id, job_id, device_id, level, message, "timestamp"
from job_logs
where
  "timestamp" = :timestamp!
  and id = :id!;

/* @name JobLogList */
-- Lists the lines of a job by time.
-- :minLevel Minimum level.
-- :from From this time on.
-- :until Before this time.
-- :text Part of the message, case-insensitive.
-- :afterId The id of the last row of the previous page.
-- :afterTimestamp The timestamp of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns JobLogLine.
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
-- A subquery: with a known limit, each call would be planned again for all
-- partitions.
limit (select :limit!::integer);

/* @name JobLogListByDevice */
-- Lists the lines of a device, newest job first, and of each job the latest
-- line first.
-- :minLevel Minimum level.
-- :from From this time on.
-- :until Before this time.
-- :afterId The id of the last row of the previous page.
-- :afterJobId The jobId of the last row of the previous page.
-- :afterTimestamp The timestamp of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns JobLogLine.
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
-- Lists the lines of all devices, latest first.
-- :from From this time on.
-- :until Before this time.
-- :afterId The id of the last row of the previous page.
-- :afterTimestamp The timestamp of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns JobLogLine.
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
-- Lists the lines of all devices with level warning or above, latest first.
-- :minLevel Minimum level. Defaults to warning.
-- :from From this time on.
-- :until Before this time.
-- :afterId The id of the last row of the previous page.
-- :afterTimestamp The timestamp of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns JobLogLine.
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
-- Lists the lines of a job after the last one read. Defaults to all lines.
-- :afterId The id of the last row of the previous page.
-- :afterTimestamp The timestamp of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns JobLogLine.
-- Internal: a step of tail.
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
-- Counts the lines that a job has reported, by level, lowest level first. Lines
-- are counted when they are stored, so lines that retention has deleted are
-- included.
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
-- Deletes lines of a level that are older than a number of days, oldest first,
-- after a given line. Returns the number of lines and the last line. A dry run
-- only counts.
-- :days Deletes lines older than this many days.
-- :dryRun True: counts, but deletes nothing.
-- :afterId The id of the last row of the previous page.
-- :afterTimestamp The timestamp of the last row of the previous page.
-- :limit Maximum lines to delete.
-- Internal: a step of maintain.
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
-- Deletes lines of jobs of a type that are older than a number of days. Returns
-- the number of lines. Each call covers the thousand jobs after afterJobId and
-- returns the last of them, or null if there are none. A dry run only counts.
-- :days Deletes lines older than this many days.
-- :dryRun True: counts, but deletes nothing.
-- :afterJobId The last job of the previous call.
-- :limit Maximum lines to delete.
-- Returns LogsExpired.
-- Internal: a step of maintain.
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
-- Deletes the lines of a job and returns their number.
-- :before Only lines before this time. Defaults to all.
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
