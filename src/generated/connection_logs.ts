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
  /** The device at the other end. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** The job that held the session. */
  jobId: number;
  size: number;
  /** When the session was recorded. */
  timestamp: Date;
}

const connectionLogInsertIR: QueryIR = {"usedParamSet":{"jobId":true,"deviceId":true,"log":true,"timestamp":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":225,"b":231}]},{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":236,"b":245}]},{"name":"log","required":true,"transform":{"type":"scalar"},"locs":[{"a":250,"b":254}]},{"name":"timestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":268,"b":277}]}],"statement":"-- Connection logs are recorded sessions between a worker and a device.\n-- Stores a session, recorded now unless told; returns it without its text.\ninsert into connection_logs (job_id, device_id, log, \"timestamp\")\nvalues (\n  :jobId!,\n  :deviceId!,\n  :log!,\n  coalesce(:timestamp::timestamptz, date_trunc('milliseconds', now()))\n)\nreturning\n  id,\n  job_id,\n  device_id,\n  \"timestamp\",\n  octet_length(log) as \"size!\""};

/**
 * Connection logs are recorded sessions between a worker and a device.
 * Stores a session, recorded now unless told; returns it without its text.
 *
 * ```sql
 * insert into connection_logs (job_id, device_id, log, "timestamp")
 * values (
 *   :jobId!,
 *   :deviceId!,
 *   :log!,
 *   coalesce(:timestamp::timestamptz, date_trunc('milliseconds', now()))
 * )
 * returning
 *   id,
 *   job_id,
 *   device_id,
 *   "timestamp",
 *   octet_length(log) as "size!"
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

const connectionLogInsertManyIR: QueryIR = {"usedParamSet":{"jobIds":true,"deviceIds":true,"logs":true,"timestamps":true},"params":[{"name":"jobIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":339,"b":346}]},{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":364,"b":374}]},{"name":"logs","required":true,"transform":{"type":"scalar"},"locs":[{"a":392,"b":397}]},{"name":"timestamps","required":false,"transform":{"type":"scalar"},"locs":[{"a":412,"b":422}]}],"statement":"-- Stores many sessions, all or none, and tells how many. The arrays go together\n-- by position; a null or absent time is now.\nwith inserted as (\n  insert into connection_logs (job_id, device_id, log, \"timestamp\")\n  select\n    job_id,\n    device_id,\n    log,\n    coalesce(recorded_at, date_trunc('milliseconds', now()))\n  from unnest(\n    :jobIds!::integer[],\n    :deviceIds!::integer[],\n    :logs!::text[],\n    :timestamps::timestamptz[]\n  ) with ordinality as given (job_id, device_id, log, recorded_at, place)\n  order by place\n  returning id\n)\nselect count(*)::integer as \"inserted!\"\nfrom inserted"};

/**
 * Stores many sessions, all or none, and tells how many. The arrays go together
 * by position; a null or absent time is now.
 *
 * ```sql
 * with inserted as (
 *   insert into connection_logs (job_id, device_id, log, "timestamp")
 *   select
 *     job_id,
 *     device_id,
 *     log,
 *     coalesce(recorded_at, date_trunc('milliseconds', now()))
 *   from unnest(
 *     :jobIds!::integer[],
 *     :deviceIds!::integer[],
 *     :logs!::text[],
 *     :timestamps::timestamptz[]
 *   ) with ordinality as given (job_id, device_id, log, recorded_at, place)
 *   order by place
 *   returning id
 * )
 * select count(*)::integer as "inserted!"
 * from inserted
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
  /** The device at the other end. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** The job that held the session. */
  jobId: number;
  /** The whole session as text. */
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
  /** The device at the other end. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** The job that held the session. */
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
  /** The device at the other end. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** The job that held the session. */
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
  /** The device at the other end. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** The job that held the session. */
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
