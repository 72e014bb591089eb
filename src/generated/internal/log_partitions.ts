// Generated from queries/log_partitions.sql by make generate. Do not edit.
/**
 * Job logs and connection logs are partitioned by time. Expired partitions are
 * dropped as a whole, which only the owner of the tables can do.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { Query, type QueryIR } from "../../query.ts";

/** Parameters of `LogPartitionMake`. */
export interface LogPartitionMakeParams {
  /** Number of future periods. */
  ahead: number;
  /** Time span of a partition. */
  period: "week" | "month";
}

/** A row of `LogPartitionMake`. */
export interface LogPartitionMakeRow {
  made: string;
}

const logPartitionMakeIR: QueryIR = {"usedParamSet":{"period":true,"ahead":true},"params":[{"name":"period","required":true,"transform":{"type":"scalar"},"locs":[{"a":48,"b":55}]},{"name":"ahead","required":true,"transform":{"type":"scalar"},"locs":[{"a":58,"b":64}]}],"statement":"select made as \"made!\"\nfrom log_partitions_make(:period!, :ahead!) as made"};

/**
 * Creates the missing partitions of both tables from now on, for a number of
 * future periods, and returns their names.
 * Internal: a step of maintain.
 * Writes job_logs, connection_logs.
 */
export const logPartitionMake: Query<LogPartitionMakeParams, LogPartitionMakeRow> = new Query("LogPartitionMake", logPartitionMakeIR);

/** Parameters of `LogPartitionStepList`. */
export interface LogPartitionStepListParams {
  /** Retention of connection logs in days. Defaults to forever. */
  connectionLogDays?: number | null | undefined;
  /** Retention of job logs in days. Defaults to forever. */
  jobLogDays?: number | null | undefined;
}

/** A row of `LogPartitionStepList`. */
export interface LogPartitionStepListRow {
  /** Its own name: the table and the day it begins. */
  partitionName: string;
  statement: string;
  step: "detach" | "finalize" | "drop";
}

const logPartitionStepListIR: QueryIR = {"usedParamSet":{"jobLogDays":true,"connectionLogDays":true},"params":[{"name":"jobLogDays","required":false,"transform":{"type":"scalar"},"locs":[{"a":688,"b":698}]},{"name":"connectionLogDays","required":false,"transform":{"type":"scalar"},"locs":[{"a":722,"b":739}]}],"statement":"select\n  partition_name as \"partition_name!\",\n  step as \"step!\",\n  format(\n    case step\n      when 'drop' then 'select log_partition_drop(%2$L)'\n      when 'finalize' then 'alter table %I detach partition %I finalize'\n      else 'alter table %I detach partition %I concurrently'\n    end,\n    table_name,\n    partition_name\n  ) as \"statement!\"\nfrom (\n  select\n    table_name,\n    partition_name,\n    from_at,\n    case state\n      when 'detached' then 'drop'\n      when 'detaching' then 'finalize'\n      else 'detach'\n    end as step\n  from log_partitions\n  where\n    state <> 'attached'\n    or until_at <= now() - make_interval(\n      days => case table_name\n        when 'job_logs' then :jobLogDays::integer\n        else :connectionLogDays::integer\n      end\n    )\n) as steps\norder by step desc, table_name, from_at"};

/**
 * Lists the next step for each partition that is older than its retention or
 * that an earlier run has begun to remove: one statement each. Run each outside
 * a transaction, as DETACH CONCURRENTLY requires; any other detach blocks
 * writers.
 * Internal: a step of maintain.
 * Reads.
 */
export const logPartitionStepList: Query<LogPartitionStepListParams, LogPartitionStepListRow> = new Query("LogPartitionStepList", logPartitionStepListIR, { reads: true });

/** A row of `LogWriterExpire`. */
export interface LogWriterExpireRow {
  /** Identity of the writer, made by itself. */
  id: string;
}

const logWriterExpireIR: QueryIR = {"usedParamSet":{},"params":[],"statement":"delete from log_writers\nwhere written_at < now() - interval '7 days'\nreturning id"};

/**
 * Deletes writers that have written nothing for a week: they ended without
 * deleting themselves.
 * Internal: a step of maintain.
 * Writes log_writers.
 */
export const logWriterExpire: Query<void, LogWriterExpireRow> = new Query("LogWriterExpire", logWriterExpireIR);

/** Parameters of `LogDelete`. */
export interface LogDeleteParams {
  deviceId: number;
  /** Only of this job. */
  jobId?: number | null | undefined;
  /** Maximum lines, and maximum sessions, to delete. */
  limit: number;
}

/** A row of `LogDelete`. */
export interface LogDeleteRow {
  lines: number;
  sessions: number;
}

const logDeleteIR: QueryIR = {"usedParamSet":{"deviceId":true,"jobId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":70,"b":79}]},{"name":"jobId","required":false,"transform":{"type":"scalar"},"locs":[{"a":91,"b":96}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":108,"b":114}]}],"statement":"select\n  lines as \"lines!\",\n  sessions as \"sessions!\"\nfrom log_delete(:deviceId!::integer, :jobId::integer, :limit!::integer)"};

/**
 * Deletes logs of a deleted device, or of one of its deleted jobs. Returns the
 * numbers of deleted lines and sessions.
 * Internal: a step of logsDelete.
 * Writes job_logs, connection_logs.
 */
export const logDelete: Query<LogDeleteParams, LogDeleteRow> = new Query("LogDelete", logDeleteIR);
