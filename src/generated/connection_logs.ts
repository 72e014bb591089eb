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

const connectionLogInsertIR: QueryIR = {"usedParamSet":{"jobId":true,"deviceId":true,"log":true,"timestamp":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":414,"b":420}]},{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":436,"b":445}]},{"name":"log","required":true,"transform":{"type":"scalar"},"locs":[{"a":461,"b":465}]},{"name":"timestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":487,"b":496}]}],"statement":"-- Connection logs are recorded sessions between a worker and a device.\n-- Stores a session, recorded now unless told; returns it without its text. The\n-- function makes the part of the table where it is missing.\nselect\n  added.last_id as \"id!\",\n  session.job_id as \"job_id!\",\n  session.device_id as \"device_id!\",\n  session.recorded_at as \"timestamp!\",\n  octet_length(session.log) as \"size!\"\nfrom (\n  values (\n    :jobId!::integer,\n    :deviceId!::integer,\n    :log!::text,\n    coalesce(:timestamp::timestamptz, now())::timestamptz(3)\n  )\n) as session (job_id, device_id, log, recorded_at)\ncross join lateral connection_logs_add(\n  array[session.job_id],\n  array[session.device_id],\n  array[session.log],\n  array[session.recorded_at]\n) as added"};

/**
 * Connection logs are recorded sessions between a worker and a device.
 * Stores a session, recorded now unless told; returns it without its text. The
 * function makes the part of the table where it is missing.
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

const connectionLogInsertManyIR: QueryIR = {"usedParamSet":{"jobIds":true,"deviceIds":true,"logs":true,"timestamps":true},"params":[{"name":"jobIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":243,"b":250}]},{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":266,"b":276}]},{"name":"logs","required":true,"transform":{"type":"scalar"},"locs":[{"a":292,"b":297}]},{"name":"timestamps","required":false,"transform":{"type":"scalar"},"locs":[{"a":310,"b":320}]}],"statement":"-- Stores many sessions, all or none, and tells how many. The arrays go together\n-- by position; a null or absent time is now. The function makes parts of the\n-- table that are missing.\nselect stored as \"inserted!\"\nfrom connection_logs_add(\n  :jobIds!::integer[],\n  :deviceIds!::integer[],\n  :logs!::text[],\n  :timestamps::timestamptz[]\n)"};

/**
 * Stores many sessions, all or none, and tells how many. The arrays go together
 * by position; a null or absent time is now. The function makes parts of the
 * table that are missing.
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

const connectionLogGetIR: QueryIR = {"usedParamSet":{"deviceId":true,"timestamp":true,"id":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":160,"b":169}]},{"name":"timestamp","required":true,"transform":{"type":"scalar"},"locs":[{"a":191,"b":201}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":214,"b":217}]}],"statement":"-- The session with its text; the key as the lists return it.\nselect\n  id,\n  job_id,\n  device_id,\n  \"timestamp\",\n  log\nfrom connection_logs\nwhere\n  device_id = :deviceId!\n  and \"timestamp\" = :timestamp!\n  and id = :id!"};

/**
 * The session with its text; the key as the lists return it.
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
export const connectionLogGet: Query<ConnectionLogGetParams, ConnectionLogGetResult> = new Query("ConnectionLogGet", connectionLogGetIR);

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

const connectionLogListIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":198,"b":207}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":252,"b":266}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":308,"b":315}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":392,"b":398}]}],"statement":"-- Sessions with a device without their text, latest first; size in bytes.\nselect\n  id,\n  job_id,\n  device_id,\n  \"timestamp\",\n  octet_length(log) as \"size!\"\nfrom connection_logs\nwhere\n  device_id = :deviceId!\n  and (\"timestamp\", id)\n  < (\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by \"timestamp\" desc, id desc\nlimit :limit!::integer"};

/**
 * Sessions with a device without their text, latest first; size in bytes.
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
export const connectionLogList: Query<ConnectionLogListParams, ConnectionLogListResult> = new Query("ConnectionLogList", connectionLogListIR);

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

const connectionLogListByJobIR: QueryIR = {"usedParamSet":{"jobId":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":190,"b":196}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":241,"b":255}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":297,"b":304}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":381,"b":387}]}],"statement":"-- Sessions of a job without their text, latest first; size in bytes.\nselect\n  id,\n  job_id,\n  device_id,\n  \"timestamp\",\n  octet_length(log) as \"size!\"\nfrom connection_logs\nwhere\n  job_id = :jobId!\n  and (\"timestamp\", id)\n  < (\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by \"timestamp\" desc, id desc\nlimit :limit!::integer"};

/**
 * Sessions of a job without their text, latest first; size in bytes.
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
export const connectionLogListByJob: Query<ConnectionLogListByJobParams, ConnectionLogListByJobResult> = new Query("ConnectionLogListByJob", connectionLogListByJobIR);

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

const connectionLogDeleteIR: QueryIR = {"usedParamSet":{"deviceId":true,"timestamp":true,"id":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":83,"b":92}]},{"name":"timestamp","required":true,"transform":{"type":"scalar"},"locs":[{"a":114,"b":124}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":137,"b":140}]}],"statement":"-- The key as the lists return it.\ndelete from connection_logs\nwhere\n  device_id = :deviceId!\n  and \"timestamp\" = :timestamp!\n  and id = :id!\nreturning\n  id,\n  job_id,\n  device_id,\n  \"timestamp\""};

/**
 * The key as the lists return it.
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

const connectionLogExpireByTypeIR: QueryIR = {"usedParamSet":{"jobType":true,"afterJobId":true,"days":true,"limit":true,"dryRun":true},"params":[{"name":"jobType","required":true,"transform":{"type":"scalar"},"locs":[{"a":328,"b":336}]},{"name":"afterJobId","required":false,"transform":{"type":"scalar"},"locs":[{"a":360,"b":370}]},{"name":"days","required":true,"transform":{"type":"scalar"},"locs":[{"a":605,"b":610}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":621,"b":627}]},{"name":"dryRun","required":true,"transform":{"type":"scalar"},"locs":[{"a":715,"b":722}]}],"statement":"-- Deletes sessions of jobs of a type that are older than so many days; tells\n-- how many. Jobs in the order of their ids, after one of them, a thousand at a\n-- time: the last of these is told, too, null where there is none. A dry run\n-- deletes none.\nwith typed as materialized (\n  select id\n  from jobs\n  where\n    job_type = :jobType!\n    and id > coalesce(:afterJobId::integer, 0)\n  order by id\n  limit 1000\n),\ndoomed as materialized (\n  select device_id, \"timestamp\", id\n  from connection_logs\n  where\n    job_id = any(array(select id from typed))\n    and \"timestamp\" < now() - make_interval(days => :days!)\n  limit :limit!::integer\n),\nremoved as (\n  delete from connection_logs\n  using doomed\n  where\n    not :dryRun!::boolean\n    and connection_logs.device_id = doomed.device_id\n    and connection_logs.\"timestamp\" = doomed.\"timestamp\"\n    and connection_logs.id = doomed.id\n)\nselect\n  (select count(*) from doomed)::integer as \"deleted!\",\n  (select max(id) from typed) as last_job_id"};

/**
 * Deletes sessions of jobs of a type that are older than so many days; tells
 * how many. Jobs in the order of their ids, after one of them, a thousand at a
 * time: the last of these is told, too, null where there is none. A dry run
 * deletes none.
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
