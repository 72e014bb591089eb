// Generated from queries/connection_logs.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConnectionLogInsert`. */
export interface ConnectionLogInsertParams {
  deviceId: number;
  jobId: number;
  log: string;
  timestamp?: Date | null | undefined;
}

/** A row of `ConnectionLogInsert`. */
export interface ConnectionLogInsertResult {
  deviceId: number;
  id: number;
  jobId: number;
  size: number;
  timestamp: Date;
}

const connectionLogInsertIR: QueryIR = {"usedParamSet":{"jobId":true,"deviceId":true,"log":true,"timestamp":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":201,"b":207}]},{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":223,"b":232}]},{"name":"log","required":true,"transform":{"type":"scalar"},"locs":[{"a":248,"b":252}]},{"name":"timestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":274,"b":283}]}],"statement":"select\n  added.last_id as \"id!\",\n  session.job_id as \"job_id!\",\n  session.device_id as \"device_id!\",\n  session.recorded_at as \"timestamp!\",\n  octet_length(session.log) as \"size!\"\nfrom (\n  values (\n    :jobId!::integer,\n    :deviceId!::integer,\n    :log!::text,\n    coalesce(:timestamp::timestamptz, now())::timestamptz(3)\n  )\n) as session (job_id, device_id, log, recorded_at)\ncross join lateral connection_logs_add(\n  array[session.job_id],\n  array[session.device_id],\n  array[session.log],\n  array[session.recorded_at]\n) as added"};

/**
 * Connection logs are recorded sessions between a worker and a device.
 * Stores a session, recorded now unless told; returns it without its text. The
 * function makes the part of the table where it is missing.
 * Writes connection_logs.
 *
 * ```sql
 * select
 *   added.last_id as "id!",
 *   session.job_id as "job_id!",
 *   session.device_id as "device_id!",
 *   session.recorded_at as "timestamp!",
 *   octet_length(session.log) as "size!"
 * from (
 *   values (
 *     :jobId!::integer,
 *     :deviceId!::integer,
 *     :log!::text,
 *     coalesce(:timestamp::timestamptz, now())::timestamptz(3)
 *   )
 * ) as session (job_id, device_id, log, recorded_at)
 * cross join lateral connection_logs_add(
 *   array[session.job_id],
 *   array[session.device_id],
 *   array[session.log],
 *   array[session.recorded_at]
 * ) as added
 * ```
 */
export const connectionLogInsert: Query<ConnectionLogInsertParams, ConnectionLogInsertResult> = new Query("ConnectionLogInsert", connectionLogInsertIR);

/** Parameters of `ConnectionLogInsertMany`. */
export interface ConnectionLogInsertManyParams {
  deviceIds: readonly number[];
  jobIds: readonly number[];
  logs: readonly string[];
  timestamps?: readonly Date[] | null | undefined;
}

/** A row of `ConnectionLogInsertMany`. */
export interface ConnectionLogInsertManyResult {
  inserted: number;
}

const connectionLogInsertManyIR: QueryIR = {"usedParamSet":{"jobIds":true,"deviceIds":true,"logs":true,"timestamps":true},"params":[{"name":"jobIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":57,"b":64}]},{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":80,"b":90}]},{"name":"logs","required":true,"transform":{"type":"scalar"},"locs":[{"a":106,"b":111}]},{"name":"timestamps","required":false,"transform":{"type":"scalar"},"locs":[{"a":124,"b":134}]}],"statement":"select stored as \"inserted!\"\nfrom connection_logs_add(\n  :jobIds!::integer[],\n  :deviceIds!::integer[],\n  :logs!::text[],\n  :timestamps::timestamptz[]\n)"};

/**
 * Stores many sessions, all or none, and tells how many. The arrays go together
 * by position; a null or absent time is now. The function makes parts of the
 * table that are missing.
 * Writes connection_logs.
 *
 * ```sql
 * select stored as "inserted!"
 * from connection_logs_add(
 *   :jobIds!::integer[],
 *   :deviceIds!::integer[],
 *   :logs!::text[],
 *   :timestamps::timestamptz[]
 * )
 * ```
 */
export const connectionLogInsertMany: Query<ConnectionLogInsertManyParams, ConnectionLogInsertManyResult> = new Query("ConnectionLogInsertMany", connectionLogInsertManyIR);

/** Parameters of `ConnectionLogGet`. */
export interface ConnectionLogGetParams {
  deviceId: number;
  id: number;
  timestamp: Date;
}

/** A row of `ConnectionLogGet`. */
export interface ConnectionLogGetResult {
  /** The device at the other end; it may be gone. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** The job that held the session; it may be gone. */
  jobId: number;
  /** The whole session as text, compressed by lz4 where the server has it. */
  log: string;
  /** When the session was recorded. */
  timestamp: Date;
}

const connectionLogGetIR: QueryIR = {"usedParamSet":{"deviceId":true,"timestamp":true,"id":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":98,"b":107}]},{"name":"timestamp","required":true,"transform":{"type":"scalar"},"locs":[{"a":129,"b":139}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":152,"b":155}]}],"statement":"select\n  id,\n  job_id,\n  device_id,\n  \"timestamp\",\n  log\nfrom connection_logs\nwhere\n  device_id = :deviceId!\n  and \"timestamp\" = :timestamp!\n  and id = :id!"};

/**
 * The session with its text; the key as the lists return it.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   job_id,
 *   device_id,
 *   "timestamp",
 *   log
 * from connection_logs
 * where
 *   device_id = :deviceId!
 *   and "timestamp" = :timestamp!
 *   and id = :id!
 * ```
 */
export const connectionLogGet: Query<ConnectionLogGetParams, ConnectionLogGetResult> = new Query("ConnectionLogGet", connectionLogGetIR, { reads: true });

/** Parameters of `ConnectionLogList`. */
export interface ConnectionLogListParams {
  afterId?: number | null | undefined;
  afterTimestamp?: Date | null | undefined;
  deviceId: number;
  limit: number;
}

/** A row of `ConnectionLogList`. */
export interface ConnectionLogListResult {
  /** The device at the other end; it may be gone. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** The job that held the session; it may be gone. */
  jobId: number;
  size: number;
  /** When the session was recorded. */
  timestamp: Date;
}

const connectionLogListIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":123,"b":132}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":177,"b":191}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":233,"b":240}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":317,"b":323}]}],"statement":"select\n  id,\n  job_id,\n  device_id,\n  \"timestamp\",\n  octet_length(log) as \"size!\"\nfrom connection_logs\nwhere\n  device_id = :deviceId!\n  and (\"timestamp\", id)\n  < (\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by \"timestamp\" desc, id desc\nlimit :limit!::integer"};

/**
 * Sessions with a device without their text, latest first; size in bytes.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   job_id,
 *   device_id,
 *   "timestamp",
 *   octet_length(log) as "size!"
 * from connection_logs
 * where
 *   device_id = :deviceId!
 *   and ("timestamp", id)
 *   < (
 *     coalesce(:afterTimestamp::timestamptz, 'infinity'),
 *     coalesce(:afterId::bigint, 9223372036854775807)
 *   )
 * order by "timestamp" desc, id desc
 * limit :limit!::integer
 * ```
 */
export const connectionLogList: Query<ConnectionLogListParams, ConnectionLogListResult> = new Query("ConnectionLogList", connectionLogListIR, { reads: true });

/** Parameters of `ConnectionLogListByJob`. */
export interface ConnectionLogListByJobParams {
  afterId?: number | null | undefined;
  afterTimestamp?: Date | null | undefined;
  jobId: number;
  limit: number;
}

/** A row of `ConnectionLogListByJob`. */
export interface ConnectionLogListByJobResult {
  /** The device at the other end; it may be gone. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** The job that held the session; it may be gone. */
  jobId: number;
  size: number;
  /** When the session was recorded. */
  timestamp: Date;
}

const connectionLogListByJobIR: QueryIR = {"usedParamSet":{"jobId":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":120,"b":126}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":171,"b":185}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":227,"b":234}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":311,"b":317}]}],"statement":"select\n  id,\n  job_id,\n  device_id,\n  \"timestamp\",\n  octet_length(log) as \"size!\"\nfrom connection_logs\nwhere\n  job_id = :jobId!\n  and (\"timestamp\", id)\n  < (\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by \"timestamp\" desc, id desc\nlimit :limit!::integer"};

/**
 * Sessions of a job without their text, latest first; size in bytes.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   job_id,
 *   device_id,
 *   "timestamp",
 *   octet_length(log) as "size!"
 * from connection_logs
 * where
 *   job_id = :jobId!
 *   and ("timestamp", id)
 *   < (
 *     coalesce(:afterTimestamp::timestamptz, 'infinity'),
 *     coalesce(:afterId::bigint, 9223372036854775807)
 *   )
 * order by "timestamp" desc, id desc
 * limit :limit!::integer
 * ```
 */
export const connectionLogListByJob: Query<ConnectionLogListByJobParams, ConnectionLogListByJobResult> = new Query("ConnectionLogListByJob", connectionLogListByJobIR, { reads: true });

/** Parameters of `ConnectionLogDelete`. */
export interface ConnectionLogDeleteParams {
  deviceId: number;
  id: number;
  timestamp: Date;
}

/** A row of `ConnectionLogDelete`. */
export interface ConnectionLogDeleteResult {
  /** The device at the other end; it may be gone. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** The job that held the session; it may be gone. */
  jobId: number;
  /** When the session was recorded. */
  timestamp: Date;
}

const connectionLogDeleteIR: QueryIR = {"usedParamSet":{"deviceId":true,"timestamp":true,"id":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":48,"b":57}]},{"name":"timestamp","required":true,"transform":{"type":"scalar"},"locs":[{"a":79,"b":89}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":102,"b":105}]}],"statement":"delete from connection_logs\nwhere\n  device_id = :deviceId!\n  and \"timestamp\" = :timestamp!\n  and id = :id!\nreturning\n  id,\n  job_id,\n  device_id,\n  \"timestamp\""};

/**
 * The key as the lists return it.
 * Writes connection_logs.
 *
 * ```sql
 * delete from connection_logs
 * where
 *   device_id = :deviceId!
 *   and "timestamp" = :timestamp!
 *   and id = :id!
 * returning
 *   id,
 *   job_id,
 *   device_id,
 *   "timestamp"
 * ```
 */
export const connectionLogDelete: Query<ConnectionLogDeleteParams, ConnectionLogDeleteResult> = new Query("ConnectionLogDelete", connectionLogDeleteIR);

/** Parameters of `ConnectionLogExpireByType`. */
export interface ConnectionLogExpireByTypeParams {
  afterJobId?: number | null | undefined;
  days: number;
  dryRun: boolean;
  jobType: string;
  limit: number;
}

/** A row of `ConnectionLogExpireByType`. */
export interface ConnectionLogExpireByTypeResult {
  deleted: number;
  lastJobId: number | null;
}

const connectionLogExpireByTypeIR: QueryIR = {"usedParamSet":{"jobType":true,"afterJobId":true,"days":true,"limit":true,"dryRun":true},"params":[{"name":"jobType","required":true,"transform":{"type":"scalar"},"locs":[{"a":76,"b":84}]},{"name":"afterJobId","required":false,"transform":{"type":"scalar"},"locs":[{"a":108,"b":118}]},{"name":"days","required":true,"transform":{"type":"scalar"},"locs":[{"a":353,"b":358}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":369,"b":375}]},{"name":"dryRun","required":true,"transform":{"type":"scalar"},"locs":[{"a":463,"b":470}]}],"statement":"with typed as materialized (\n  select id\n  from jobs\n  where\n    job_type = :jobType!\n    and id > coalesce(:afterJobId::integer, 0)\n  order by id\n  limit 1000\n),\ndoomed as materialized (\n  select device_id, \"timestamp\", id\n  from connection_logs\n  where\n    job_id = any(array(select id from typed))\n    and \"timestamp\" < now() - make_interval(days => :days!)\n  limit :limit!::integer\n),\nremoved as (\n  delete from connection_logs\n  using doomed\n  where\n    not :dryRun!::boolean\n    and connection_logs.device_id = doomed.device_id\n    and connection_logs.\"timestamp\" = doomed.\"timestamp\"\n    and connection_logs.id = doomed.id\n)\nselect\n  (select count(*) from doomed)::integer as \"deleted!\",\n  (select max(id) from typed) as last_job_id"};

/**
 * Deletes sessions of jobs of a type that are older than so many days; tells
 * how many. Jobs in the order of their ids, after one of them, a thousand at a
 * time: the last of these is told, too, null where there is none. A dry run
 * deletes none.
 * Writes connection_logs.
 *
 * ```sql
 * with typed as materialized (
 *   select id
 *   from jobs
 *   where
 *     job_type = :jobType!
 *     and id > coalesce(:afterJobId::integer, 0)
 *   order by id
 *   limit 1000
 * ),
 * doomed as materialized (
 *   select device_id, "timestamp", id
 *   from connection_logs
 *   where
 *     job_id = any(array(select id from typed))
 *     and "timestamp" < now() - make_interval(days => :days!)
 *   limit :limit!::integer
 * ),
 * removed as (
 *   delete from connection_logs
 *   using doomed
 *   where
 *     not :dryRun!::boolean
 *     and connection_logs.device_id = doomed.device_id
 *     and connection_logs."timestamp" = doomed."timestamp"
 *     and connection_logs.id = doomed.id
 * )
 * select
 *   (select count(*) from doomed)::integer as "deleted!",
 *   (select max(id) from typed) as last_job_id
 * ```
 */
export const connectionLogExpireByType: Query<ConnectionLogExpireByTypeParams, ConnectionLogExpireByTypeResult> = new Query("ConnectionLogExpireByType", connectionLogExpireByTypeIR);
