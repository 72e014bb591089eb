// Generated from queries/connection_logs.sql by make generate. Do not edit.
/**
 * Connection logs are recorded sessions between a worker and a device.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { Query, type QueryIR } from "../../query.ts";

/** Parameters of `ConnectionLogExpireByType`. */
export interface ConnectionLogExpireByTypeParams {
  /** The last job of the previous call. */
  afterJobId?: number | null | undefined;
  /** Deletes sessions older than this many days. */
  days: number;
  /** True: counts, but deletes nothing. */
  dryRun: boolean;
  jobType: string;
  /** Maximum sessions to delete. */
  limit: number;
}

/** A row of `ConnectionLogExpireByType`, `JobLogExpireByType`. */
export interface LogsExpired {
  deleted: number;
  lastJobId: number | null;
}

const connectionLogExpireByTypeIR: QueryIR = {"usedParamSet":{"jobType":true,"afterJobId":true,"days":true,"limit":true,"dryRun":true},"params":[{"name":"jobType","required":true,"transform":{"type":"scalar"},"locs":[{"a":76,"b":84}]},{"name":"afterJobId","required":false,"transform":{"type":"scalar"},"locs":[{"a":108,"b":118}]},{"name":"days","required":true,"transform":{"type":"scalar"},"locs":[{"a":353,"b":358}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":369,"b":375}]},{"name":"dryRun","required":true,"transform":{"type":"scalar"},"locs":[{"a":463,"b":470}]}],"statement":"with typed as materialized (\n  select id\n  from jobs\n  where\n    job_type = :jobType!\n    and id > coalesce(:afterJobId::integer, 0)\n  order by id\n  limit 1000\n),\ndoomed as materialized (\n  select device_id, \"timestamp\", id\n  from connection_logs\n  where\n    job_id = any(array(select id from typed))\n    and \"timestamp\" < now() - make_interval(days => :days!)\n  limit :limit!::integer\n),\nremoved as (\n  delete from connection_logs\n  using doomed\n  where\n    not :dryRun!::boolean\n    and connection_logs.device_id = doomed.device_id\n    and connection_logs.\"timestamp\" = doomed.\"timestamp\"\n    and connection_logs.id = doomed.id\n)\nselect\n  (select count(*) from doomed)::integer as \"deleted!\",\n  (select max(id) from typed) as last_job_id"};

/**
 * Deletes sessions of jobs of a type that are older than a number of days.
 * Returns the number of sessions. Each call covers the thousand jobs after
 * afterJobId and returns the last of them, or null if there are none. A dry run
 * only counts.
 * Internal: a step of maintain.
 * Writes connection_logs.
 */
export const connectionLogExpireByType: Query<ConnectionLogExpireByTypeParams, LogsExpired> = new Query("ConnectionLogExpireByType", connectionLogExpireByTypeIR);
