/* @name JobLogInsert */
-- Job logs are the lines a job reports while it runs.
-- Stores a line: level info and the time now unless told.
insert into job_logs (job_id, level, message, "timestamp")
values (
  :jobId!,
  coalesce(:level::log_level, 'info'),
  :message!,
  coalesce(:timestamp::timestamptz, date_trunc('milliseconds', now()))
)
returning id, job_id, level, message, "timestamp";

/* @name JobLogInsertMany */
-- Stores many lines, all or none, and tells how many. The arrays go together
-- by position; a null or absent level is info, a null or absent time is now.
-- Lines of one time keep their order.
with inserted as (
  insert into job_logs (job_id, level, message, "timestamp")
  select
    job_id,
    coalesce(level, 'info'),
    message,
    coalesce(reported_at, date_trunc('milliseconds', now()))
  from unnest(
    :jobIds!::integer[],
    :levels::text[]::log_level[],
    :messages!::text[],
    :timestamps::timestamptz[]
  ) with ordinality as given (job_id, level, message, reported_at, place)
  order by place
  returning id
)
select count(*)::integer as "inserted!"
from inserted;

/* @name JobLogGet */
-- The key as the lists return it.
select id, job_id, level, message, "timestamp"
from job_logs
where
  job_id = :jobId!
  and "timestamp" = :timestamp!
  and id = :id!;

/* @name JobLogList */
-- Lines of a job in the order of their times. Filters: a level at least, times
-- from the first up to but without the second, and text that stands in the
-- line, in either case.
select id, job_id, level, message, "timestamp"
from job_logs
where
  job_id = :jobId!
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
limit :limit!::integer;

/* @name JobLogTail */
-- Lines of a job after the last one read, from the first without one.
select id, job_id, level, message, "timestamp"
from job_logs
where
  job_id = :jobId!
  and ("timestamp", id)
  > (
    coalesce(:afterTimestamp::timestamptz, '-infinity'),
    coalesce(:afterId::bigint, 0)
  )
order by "timestamp", id
limit :limit!::integer;

/* @name JobLogStats */
-- Number of lines of a job by level, the least first.
select
  level,
  count(*)::integer as "count!",
  min("timestamp") as "first_at!",
  max("timestamp") as "last_at!"
from job_logs
where job_id = :jobId!
group by level
order by level;

/* @name JobLogDelete */
-- Deletes the lines of a job, those before a time if one is given, and tells
-- how many.
with removed as (
  delete from job_logs
  where
    job_id = :jobId!
    and (:before::timestamptz is null or "timestamp" < :before)
  returning id
)
select count(*)::integer as "deleted!"
from removed;
