// Generated from queries/log_partitions.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `LogPartitionList`. */
export type LogPartitionListParams = void;

/** A row of `LogPartitionList`. */
export interface LogPartitionListResult {
  /** The first time that may stand in it; null once it is detached. */
  fromAt: Date | null;
  /** Its own name: the table and the day it begins. */
  partitionName: string;
  /** attached; or on the way out: detaching, or detached, which waits to be dropped. */
  state: string;
  /** The table it is a part of. */
  tableName: string;
  /** The first time that may not; null once it is detached. */
  untilAt: Date | null;
}

const logPartitionListIR: QueryIR = {"usedParamSet":{},"params":[],"statement":"select\n  table_name as \"table_name!\",\n  partition_name as \"partition_name!\",\n  state as \"state!\",\n  from_at,\n  until_at\nfrom log_partitions\norder by table_name, from_at, partition_name"};

/**
 * Job logs and connection logs lie in parts by time; a part that is too old
 * goes as a whole. Only the owner of the tables may let it go.
 * The parts, the oldest first.
 * Reads.
 *
 * ```sql
 * select
 *   table_name as "table_name!",
 *   partition_name as "partition_name!",
 *   state as "state!",
 *   from_at,
 *   until_at
 * from log_partitions
 * order by table_name, from_at, partition_name
 * ```
 */
export const logPartitionList: Query<LogPartitionListParams, LogPartitionListResult> = new Query("LogPartitionList", logPartitionListIR, { reads: true });

/** Parameters of `LogPartitionMake`. */
export interface LogPartitionMakeParams {
  ahead: number;
  period: string;
}

/** A row of `LogPartitionMake`. */
export interface LogPartitionMakeResult {
  made: string;
}

const logPartitionMakeIR: QueryIR = {"usedParamSet":{"period":true,"ahead":true},"params":[{"name":"period","required":true,"transform":{"type":"scalar"},"locs":[{"a":48,"b":55}]},{"name":"ahead","required":true,"transform":{"type":"scalar"},"locs":[{"a":58,"b":64}]}],"statement":"select made as \"made!\"\nfrom log_partitions_make(:period!, :ahead!) as made"};

/**
 * Makes the parts of both tables from now on for so many periods to come, week
 * or month; gives the names of those that were missing.
 * Writes job_logs, connection_logs.
 *
 * ```sql
 * select made as "made!"
 * from log_partitions_make(:period!, :ahead!) as made
 * ```
 */
export const logPartitionMake: Query<LogPartitionMakeParams, LogPartitionMakeResult> = new Query("LogPartitionMake", logPartitionMakeIR);

/** Parameters of `LogPartitionStepList`. */
export interface LogPartitionStepListParams {
  connectionLogDays?: number | null | undefined;
  jobLogDays?: number | null | undefined;
}

/** A row of `LogPartitionStepList`. */
export interface LogPartitionStepListResult {
  /** Its own name: the table and the day it begins. */
  partitionName: string;
  statement: string;
  step: string;
}

const logPartitionStepListIR: QueryIR = {"usedParamSet":{"jobLogDays":true,"connectionLogDays":true},"params":[{"name":"jobLogDays","required":false,"transform":{"type":"scalar"},"locs":[{"a":688,"b":698}]},{"name":"connectionLogDays","required":false,"transform":{"type":"scalar"},"locs":[{"a":722,"b":739}]}],"statement":"select\n  partition_name as \"partition_name!\",\n  step as \"step!\",\n  format(\n    case step\n      when 'drop' then 'select log_partition_drop(%2$L)'\n      when 'finalize' then 'alter table %I detach partition %I finalize'\n      else 'alter table %I detach partition %I concurrently'\n    end,\n    table_name,\n    partition_name\n  ) as \"statement!\"\nfrom (\n  select\n    table_name,\n    partition_name,\n    from_at,\n    case state\n      when 'detached' then 'drop'\n      when 'detaching' then 'finalize'\n      else 'detach'\n    end as step\n  from log_partitions\n  where\n    state <> 'attached'\n    or until_at <= now() - make_interval(\n      days => case table_name\n        when 'job_logs' then :jobLogDays::integer\n        else :connectionLogDays::integer\n      end\n    )\n) as steps\norder by step desc, table_name, from_at"};

/**
 * What is to be done with parts that are older than so many days, null keeps
 * all, and with those that an earlier run has left on the way out: one
 * statement each, to be run outside of a transaction, since no other way stops
 * no writer.
 * Reads.
 *
 * ```sql
 * select
 *   partition_name as "partition_name!",
 *   step as "step!",
 *   format(
 *     case step
 *       when 'drop' then 'select log_partition_drop(%2$L)'
 *       when 'finalize' then 'alter table %I detach partition %I finalize'
 *       else 'alter table %I detach partition %I concurrently'
 *     end,
 *     table_name,
 *     partition_name
 *   ) as "statement!"
 * from (
 *   select
 *     table_name,
 *     partition_name,
 *     from_at,
 *     case state
 *       when 'detached' then 'drop'
 *       when 'detaching' then 'finalize'
 *       else 'detach'
 *     end as step
 *   from log_partitions
 *   where
 *     state <> 'attached'
 *     or until_at <= now() - make_interval(
 *       days => case table_name
 *         when 'job_logs' then :jobLogDays::integer
 *         else :connectionLogDays::integer
 *       end
 *     )
 * ) as steps
 * -- What is on its way out first: a table lets go of one part at a time.
 * order by step desc, table_name, from_at
 * ```
 */
export const logPartitionStepList: Query<LogPartitionStepListParams, LogPartitionStepListResult> = new Query("LogPartitionStepList", logPartitionStepListIR, { reads: true });

/** Parameters of `LogWriterExpire`. */
export type LogWriterExpireParams = void;

/** A row of `LogWriterExpire`. */
export interface LogWriterExpireResult {
  /** Identity of the writer, made by itself. */
  id: string;
}

const logWriterExpireIR: QueryIR = {"usedParamSet":{},"params":[],"statement":"delete from log_writers\nwhere written_at < now() - interval '7 days'\nreturning id"};

/**
 * Forgets writers that have written nothing for a week: they ended without
 * saying so.
 * Writes log_writers.
 *
 * ```sql
 * delete from log_writers
 * where written_at < now() - interval '7 days'
 * returning id
 * ```
 */
export const logWriterExpire: Query<LogWriterExpireParams, LogWriterExpireResult> = new Query("LogWriterExpire", logWriterExpireIR);

/** Parameters of `LogDelete`. */
export interface LogDeleteParams {
  deviceId: number;
  jobId?: number | null | undefined;
  limit: number;
}

/** A row of `LogDelete`. */
export interface LogDeleteResult {
  lines: number;
  sessions: number;
}

const logDeleteIR: QueryIR = {"usedParamSet":{"deviceId":true,"jobId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":70,"b":79}]},{"name":"jobId","required":false,"transform":{"type":"scalar"},"locs":[{"a":91,"b":96}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":108,"b":114}]}],"statement":"select\n  lines as \"lines!\",\n  sessions as \"sessions!\"\nfrom log_delete(:deviceId!::integer, :jobId::integer, :limit!::integer)"};

/**
 * Deletes logs of a device that is gone, or of one of its jobs that is: so many
 * lines and so many sessions at most. Tells how many.
 * Writes job_logs, connection_logs.
 *
 * ```sql
 * select
 *   lines as "lines!",
 *   sessions as "sessions!"
 * from log_delete(:deviceId!::integer, :jobId::integer, :limit!::integer)
 * ```
 */
export const logDelete: Query<LogDeleteParams, LogDeleteResult> = new Query("LogDelete", logDeleteIR);
