/* @name ConnectionLogInsert */
-- Connection logs are recorded sessions between a worker and a device.
-- Stores a session, recorded now unless told; returns it without its text.
insert into connection_logs (job_id, device_id, log, "timestamp")
values (
  :jobId!,
  :deviceId!,
  :log!,
  coalesce(:timestamp::timestamptz, date_trunc('milliseconds', now()))
)
returning
  id,
  job_id,
  device_id,
  "timestamp",
  octet_length(log) as "size!";

/* @name ConnectionLogInsertMany */
-- Stores many sessions, all or none, and tells how many. The arrays go together
-- by position; a null or absent time is now.
with inserted as (
  insert into connection_logs (job_id, device_id, log, "timestamp")
  select
    job_id,
    device_id,
    log,
    coalesce(recorded_at, date_trunc('milliseconds', now()))
  from unnest(
    :jobIds!::integer[],
    :deviceIds!::integer[],
    :logs!::text[],
    :timestamps::timestamptz[]
  ) with ordinality as given (job_id, device_id, log, recorded_at, place)
  order by place
  returning id
)
select count(*)::integer as "inserted!"
from inserted;

/* @name ConnectionLogGet */
-- The session with its text; the key as the lists return it.
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
