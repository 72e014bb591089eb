/* @name ConnectionLogInsert */
-- Connection logs are recorded sessions between a worker and a device.
-- Stores a session, recorded now unless told; returns it without its text. The
-- function makes the part of the table where it is missing.
-- Writes connection_logs.
select
  added.last_id as "id!",
  session.job_id as "job_id!",
  session.device_id as "device_id!",
  session.recorded_at as "timestamp!",
  octet_length(session.log) as "size!"
from (
  values (
    :jobId!::integer,
    :deviceId!::integer,
    :log!::text,
    coalesce(:timestamp::timestamptz, now())::timestamptz(3)
  )
) as session (job_id, device_id, log, recorded_at)
cross join lateral connection_logs_add(
  array[session.job_id],
  array[session.device_id],
  array[session.log],
  array[session.recorded_at]
) as added;

/* @name ConnectionLogInsertMany */
-- Stores many sessions, all or none, and tells how many. The arrays go together
-- by position; a null or absent time is now. The function makes parts of the
-- table that are missing.
-- Writes connection_logs.
select stored as "inserted!"
from connection_logs_add(
  :jobIds!::integer[],
  :deviceIds!::integer[],
  :logs!::text[],
  :timestamps::timestamptz[]
);

/* @name ConnectionLogGet */
-- The session with its text; the key as the lists return it.
-- Reads.
select
  id,
  job_id,
  device_id,
  "timestamp",
  log
from connection_logs
where
  device_id = :deviceId!
  and "timestamp" = :timestamp!
  and id = :id!;

/* @name ConnectionLogList */
-- Sessions with a device without their text, latest first; size in bytes.
-- Reads.
select
  id,
  job_id,
  device_id,
  "timestamp",
  octet_length(log) as "size!"
from connection_logs
where
  device_id = :deviceId!
  and ("timestamp", id)
  < (
    coalesce(:afterTimestamp::timestamptz, 'infinity'),
    coalesce(:afterId::bigint, 9223372036854775807)
  )
order by "timestamp" desc, id desc
limit :limit!::integer;

/* @name ConnectionLogListByJob */
-- Sessions of a job without their text, latest first; size in bytes.
-- Reads.
select
  id,
  job_id,
  device_id,
  "timestamp",
  octet_length(log) as "size!"
from connection_logs
where
  job_id = :jobId!
  and ("timestamp", id)
  < (
    coalesce(:afterTimestamp::timestamptz, 'infinity'),
    coalesce(:afterId::bigint, 9223372036854775807)
  )
order by "timestamp" desc, id desc
limit :limit!::integer;

/* @name ConnectionLogDelete */
-- The key as the lists return it.
-- Writes connection_logs.
delete from connection_logs
where
  device_id = :deviceId!
  and "timestamp" = :timestamp!
  and id = :id!
returning
  id,
  job_id,
  device_id,
  "timestamp";

/* @name ConnectionLogExpireByType */
-- Deletes sessions of jobs of a type that are older than so many days; tells
-- how many. Jobs in the order of their ids, after one of them, a thousand at a
-- time: the last of these is told, too, null where there is none. A dry run
-- deletes none.
-- Writes connection_logs.
with typed as materialized (
  select id
  from jobs
  where
    job_type = :jobType!
    and id > coalesce(:afterJobId::integer, 0)
  order by id
  limit 1000
),
doomed as materialized (
  select device_id, "timestamp", id
  from connection_logs
  where
    job_id = any(array(select id from typed))
    and "timestamp" < now() - make_interval(days => :days!)
  limit :limit!::integer
),
removed as (
  delete from connection_logs
  using doomed
  where
    not :dryRun!::boolean
    and connection_logs.device_id = doomed.device_id
    and connection_logs."timestamp" = doomed."timestamp"
    and connection_logs.id = doomed.id
)
select
  (select count(*) from doomed)::integer as "deleted!",
  (select max(id) from typed) as last_job_id;
