// Generated from queries/connection_logs.sql by make generate. Do not edit.
/**
 * Connection logs are recorded sessions between a worker and a device.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConnectionLogInsert`. */
export interface ConnectionLogInsertParams {
  deviceId: number;
  jobId: number;
  /** Text of the session. */
  log: string;
  /** When the session was recorded. Defaults to now. */
  timestamp?: Date | null | undefined;
}

/** A row of `ConnectionLogInsert`, `ConnectionLogList`, `ConnectionLogListByJob`. */
export interface ConnectionLogSummary {
  /** The device at the other end; it may be gone. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** The job that held the session; it may be gone. */
  jobId: number;
  /** Size of the text in bytes. */
  size: number;
  /** When the session was recorded. */
  timestamp: Date;
}

const connectionLogInsertIR: QueryIR = {"usedParamSet":{"jobId":true,"deviceId":true,"log":true,"timestamp":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":201,"b":207}]},{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":223,"b":232}]},{"name":"log","required":true,"transform":{"type":"scalar"},"locs":[{"a":248,"b":252}]},{"name":"timestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":274,"b":283}]}],"statement":"select\n  added.last_id as \"id!\",\n  session.job_id as \"job_id!\",\n  session.device_id as \"device_id!\",\n  session.recorded_at as \"timestamp!\",\n  octet_length(session.log) as \"size!\"\nfrom (\n  values (\n    :jobId!::integer,\n    :deviceId!::integer,\n    :log!::text,\n    coalesce(:timestamp::timestamptz, now())::timestamptz(3)\n  )\n) as session (job_id, device_id, log, recorded_at)\ncross join lateral connection_logs_add(\n  array[session.job_id],\n  array[session.device_id],\n  array[session.log],\n  array[session.recorded_at]\n) as added"};

/**
 * Stores a session and returns it without its text. Creates the partition if it
 * does not exist.
 * Writes connection_logs.
 */
export const connectionLogInsert: Query<ConnectionLogInsertParams, ConnectionLogSummary> = new Query("ConnectionLogInsert", connectionLogInsertIR);

/** Parameters of `ConnectionLogInsertMany`. */
export interface ConnectionLogInsertManyParams {
  deviceIds: readonly number[];
  jobIds: readonly number[];
  /** Texts of the sessions. */
  logs: readonly string[];
  /** When each session was recorded. Now if null. */
  timestamps?: readonly (Date | null)[] | null | undefined;
}

/** A row of `ConnectionLogInsertMany`, `JobLogInsertMany`. */
export interface LogsInserted {
  inserted: number;
}

const connectionLogInsertManyIR: QueryIR = {"usedParamSet":{"jobIds":true,"deviceIds":true,"logs":true,"timestamps":true},"params":[{"name":"jobIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":57,"b":64}]},{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":80,"b":90}]},{"name":"logs","required":true,"transform":{"type":"scalar"},"locs":[{"a":106,"b":111}]},{"name":"timestamps","required":false,"transform":{"type":"scalar"},"locs":[{"a":124,"b":134}]}],"statement":"select stored as \"inserted!\"\nfrom connection_logs_add(\n  :jobIds!::integer[],\n  :deviceIds!::integer[],\n  :logs!::text[],\n  :timestamps::timestamptz[]\n)"};

/**
 * Stores many sessions, all or none, and returns their number. Arrays are
 * matched by position. Creates missing partitions.
 * Writes connection_logs.
 */
export const connectionLogInsertMany: Query<ConnectionLogInsertManyParams, LogsInserted> = new Query("ConnectionLogInsertMany", connectionLogInsertManyIR);

/** Parameters of `ConnectionLogGet`. */
export interface ConnectionLogGetParams {
  /** The device at the other end; it may be gone. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** When the session was recorded. */
  timestamp: Date;
}

/** A row of `ConnectionLogGet`. */
export interface ConnectionLog {
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
 * Returns a session with its text, by the key that the lists return.
 * Reads.
 */
export const connectionLogGet: Query<ConnectionLogGetParams, ConnectionLog> = new Query("ConnectionLogGet", connectionLogGetIR, { reads: true });

/** Parameters of `ConnectionLogList`. */
export interface ConnectionLogListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The timestamp of the last row of the previous page. */
  afterTimestamp?: Date | null | undefined;
  /** The device at the other end; it may be gone. */
  deviceId: number;
  /** Maximum rows to return. */
  limit: number;
}

const connectionLogListIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":123,"b":132}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":177,"b":191}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":233,"b":240}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":317,"b":323}]}],"statement":"select\n  id,\n  job_id,\n  device_id,\n  \"timestamp\",\n  octet_length(log) as \"size!\"\nfrom connection_logs\nwhere\n  device_id = :deviceId!\n  and (\"timestamp\", id)\n  < (\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by \"timestamp\" desc, id desc\nlimit :limit!::integer"};

/**
 * Lists sessions with a device without their texts, latest first; size is in
 * bytes.
 * Reads.
 */
export const connectionLogList: Query<ConnectionLogListParams, ConnectionLogSummary> = new Query("ConnectionLogList", connectionLogListIR, { reads: true });

/** Parameters of `ConnectionLogListByJob`. */
export interface ConnectionLogListByJobParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The timestamp of the last row of the previous page. */
  afterTimestamp?: Date | null | undefined;
  /** The job that held the session; it may be gone. */
  jobId: number;
  /** Maximum rows to return. */
  limit: number;
}

const connectionLogListByJobIR: QueryIR = {"usedParamSet":{"jobId":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":120,"b":126}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":171,"b":185}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":227,"b":234}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":311,"b":317}]}],"statement":"select\n  id,\n  job_id,\n  device_id,\n  \"timestamp\",\n  octet_length(log) as \"size!\"\nfrom connection_logs\nwhere\n  job_id = :jobId!\n  and (\"timestamp\", id)\n  < (\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by \"timestamp\" desc, id desc\nlimit :limit!::integer"};

/**
 * Lists sessions of a job without their texts, latest first; size is in bytes.
 * Reads.
 */
export const connectionLogListByJob: Query<ConnectionLogListByJobParams, ConnectionLogSummary> = new Query("ConnectionLogListByJob", connectionLogListByJobIR, { reads: true });

/** Parameters of `ConnectionLogDelete`. */
export interface ConnectionLogDeleteParams {
  /** The device at the other end; it may be gone. */
  deviceId: number;
  /** Identity of the session; orders sessions of the same time. */
  id: number;
  /** When the session was recorded. */
  timestamp: Date;
}

/** A row of `ConnectionLogDelete`. */
export interface ConnectionLogDeleteRow {
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
 * Deletes a session, by the key that the lists return.
 * Writes connection_logs.
 */
export const connectionLogDelete: Query<ConnectionLogDeleteParams, ConnectionLogDeleteRow> = new Query("ConnectionLogDelete", connectionLogDeleteIR);
