// Generated from queries/log_partitions.sql by make generate. Do not edit.
/**
 * Job logs and connection logs are partitioned by time. Expired partitions are
 * dropped as a whole, which only the owner of the tables can do.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** A row of `LogPartitionList`. */
export interface LogPartition {
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
 * Lists the partitions by table, oldest first.
 * Reads.
 */
export const logPartitionList: Query<void, LogPartition> = new Query("LogPartitionList", logPartitionListIR, { reads: true });
