-- Connection logs are recorded sessions between a worker and a device.

/* @name ConnectionLogInsert */
-- Stores a session and returns it without its text. Creates the partition if it
-- does not exist.
-- :log Text of the session.
-- :timestamp When the session was recorded. Defaults to now.
-- .size Size of the text in bytes.
-- Returns ConnectionLogSummary.
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
-- Stores many sessions, all or none, and returns their number. Arrays are
-- matched by position. Creates missing partitions.
-- :logs Texts of the sessions.
-- :timestamps[?] When each session was recorded. Now if null.
-- Returns LogsInserted.
-- Writes connection_logs.
select stored as "inserted!"
from connection_logs_add(
  :jobIds!::integer[],
  :deviceIds!::integer[],
  :logs!::text[],
  :timestamps::timestamptz[]
);

/* @name ConnectionLogGet */
-- Returns a session with its text, by the key that the lists return.
-- Returns ConnectionLog.
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
-- Lists sessions with a device without their texts, latest first; size is in
-- bytes.
-- :afterId The id of the last row of the previous page.
-- :afterTimestamp The timestamp of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns ConnectionLogSummary.
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
-- Lists sessions of a job without their texts, latest first; size is in bytes.
-- :afterId The id of the last row of the previous page.
-- :afterTimestamp The timestamp of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns ConnectionLogSummary.
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
-- Deletes a session, by the key that the lists return.
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
-- Deletes sessions of jobs of a type that are older than a number of days.
-- Returns the number of sessions. Each call covers the thousand jobs after
-- afterJobId and returns the last of them, or null if there are none. A dry run
-- only counts.
-- :days Deletes sessions older than this many days.
-- :dryRun True: counts, but deletes nothing.
-- :afterJobId The last job of the previous call.
-- :limit Maximum sessions to delete.
-- Returns LogsExpired.
-- Internal: a step of maintain.
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
