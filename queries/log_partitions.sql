/* @name LogPartitionList */
-- Job logs and connection logs lie in parts by time; a part that is too old
-- goes as a whole. Only the owner of the tables may let it go.
-- The parts, the oldest first.
-- Reads.
select
  table_name as "table_name!",
  partition_name as "partition_name!",
  state as "state!",
  from_at,
  until_at
from log_partitions
order by table_name, from_at, partition_name;

/* @name LogPartitionMake */
-- Makes the parts of both tables from now on for so many periods to come, week
-- or month; gives the names of those that were missing.
-- Writes job_logs, connection_logs.
select made as "made!"
from log_partitions_make(:period!, :ahead!) as made;

/* @name LogPartitionStepList */
-- What is to be done with parts that are older than so many days, null keeps
-- all, and with those that an earlier run has left on the way out: one
-- statement each, to be run outside of a transaction, since no other way stops
-- no writer.
-- Reads.
select
  partition_name as "partition_name!",
  step as "step!",
  format(
    case step
      when 'drop' then 'select log_partition_drop(%2$L)'
      when 'finalize' then 'alter table %I detach partition %I finalize'
      else 'alter table %I detach partition %I concurrently'
    end,
    table_name,
    partition_name
  ) as "statement!"
from (
  select
    table_name,
    partition_name,
    from_at,
    case state
      when 'detached' then 'drop'
      when 'detaching' then 'finalize'
      else 'detach'
    end as step
  from log_partitions
  where
    state <> 'attached'
    or until_at <= now() - make_interval(
      days => case table_name
        when 'job_logs' then :jobLogDays::integer
        else :connectionLogDays::integer
      end
    )
) as steps
-- What is on its way out first: a table lets go of one part at a time.
order by step desc, table_name, from_at;

/* @name LogWriterExpire */
-- Forgets writers that have written nothing for a week: they ended without
-- saying so.
-- Writes log_writers.
delete from log_writers
where written_at < now() - interval '7 days'
returning id;

/* @name LogDelete */
-- Deletes logs of a device that is gone, or of one of its jobs that is: so many
-- lines and so many sessions at most. Tells how many.
-- Writes job_logs, connection_logs.
select
  lines as "lines!",
  sessions as "sessions!"
from log_delete(:deviceId!::integer, :jobId::integer, :limit!::integer);
