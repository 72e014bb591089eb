-- Job logs and connection logs are partitioned by time. Expired partitions are
-- dropped as a whole, which only the owner of the tables can do.

/* @name LogPartitionList */
-- Lists the partitions by table, oldest first.
-- Returns LogPartition.
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
-- Creates the missing partitions of both tables from now on, for a number of
-- future periods, and returns their names.
-- :period One of: week, month. Time span of a partition.
-- :ahead Number of future periods.
-- Internal: a step of maintain.
-- Writes job_logs, connection_logs.
select made as "made!"
from log_partitions_make(:period!, :ahead!) as made;

/* @name LogPartitionStepList */
-- Lists the next step for each partition that is older than its retention or
-- that an earlier run has begun to remove: one statement each. Run each outside
-- a transaction, as DETACH CONCURRENTLY requires; any other detach blocks
-- writers.
-- :jobLogDays Retention of job logs in days. Defaults to forever.
-- :connectionLogDays Retention of connection logs in days. Defaults to forever.
-- .step One of: detach, finalize, drop.
-- Internal: a step of maintain.
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
-- Pending steps first: a table can detach only one partition at a time.
order by step desc, table_name, from_at;

/* @name LogWriterExpire */
-- Deletes writers that have written nothing for a week: they ended without
-- deleting themselves.
-- Internal: a step of maintain.
-- Writes log_writers.
delete from log_writers
where written_at < now() - interval '7 days'
returning id;

/* @name LogDelete */
-- Deletes logs of a deleted device, or of one of its deleted jobs. Returns the
-- numbers of deleted lines and sessions.
-- :jobId Only of this job.
-- :limit Maximum lines, and maximum sessions, to delete.
-- Internal: a step of logsDelete.
-- Writes job_logs, connection_logs.
select
  lines as "lines!",
  sessions as "sessions!"
from log_delete(:deviceId!::integer, :jobId::integer, :limit!::integer);
