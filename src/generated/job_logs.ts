// Generated from queries/job_logs.sql by make generate. Do not edit.
/**
 * Job logs are the lines that a job reports while it runs.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";
import type { LogsInserted } from "./connection_logs.ts";

/** The labels of `log_level`. */
export type LogLevel = "critical" | "debug" | "error" | "info" | "warning";

/** Parameters of `JobLogInsert`. */
export interface JobLogInsertParams {
  jobId: number;
  /** Defaults to info. */
  level?: LogLevel | null | undefined;
  message: string;
  /** When the line was reported. Defaults to now. */
  timestamp?: Date | null | undefined;
}

/** A row of `JobLogInsert`. */
export interface JobLogInsertRow {
  id: number;
  jobId: number;
  level: LogLevel;
  message: string;
  timestamp: Date;
}

const jobLogInsertIR: QueryIR = {"usedParamSet":{"jobId":true,"level":true,"message":true,"timestamp":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":174,"b":180}]},{"name":"level","required":false,"transform":{"type":"scalar"},"locs":[{"a":205,"b":210}]},{"name":"message","required":true,"transform":{"type":"scalar"},"locs":[{"a":237,"b":245}]},{"name":"timestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":267,"b":276}]}],"statement":"select\n  added.last_id as \"id!\",\n  line.job_id as \"job_id!\",\n  line.level as \"level!\",\n  line.message as \"message!\",\n  line.reported_at as \"timestamp!\"\nfrom (\n  values (\n    :jobId!::integer,\n    coalesce(:level::log_level, 'info'),\n    :message!::text,\n    coalesce(:timestamp::timestamptz, now())::timestamptz(3)\n  )\n) as line (job_id, level, message, reported_at)\ncross join lateral job_logs_add(\n  array[line.job_id],\n  array[line.level],\n  array[line.message],\n  array[line.reported_at],\n  false\n) as added"};

/**
 * Stores and counts a line. Creates the partition if it does not exist.
 * Writes job_logs, job_log_counts.
 */
export const jobLogInsert: Query<JobLogInsertParams, JobLogInsertRow> = new Query("JobLogInsert", jobLogInsertIR);

/** Parameters of `JobLogInsertMany`. */
export interface JobLogInsertManyParams {
  jobIds: readonly number[];
  /** Level of each line. Info if null. */
  levels?: readonly (LogLevel | null)[] | null | undefined;
  messages: readonly string[];
  /** When each line was reported. Now if null. */
  timestamps?: readonly (Date | null)[] | null | undefined;
}

const jobLogInsertManyIR: QueryIR = {"usedParamSet":{"jobIds":true,"levels":true,"messages":true,"timestamps":true},"params":[{"name":"jobIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":50,"b":57}]},{"name":"levels","required":false,"transform":{"type":"scalar"},"locs":[{"a":73,"b":79}]},{"name":"messages","required":true,"transform":{"type":"scalar"},"locs":[{"a":105,"b":114}]},{"name":"timestamps","required":false,"transform":{"type":"scalar"},"locs":[{"a":127,"b":137}]}],"statement":"select stored as \"inserted!\"\nfrom job_logs_add(\n  :jobIds!::integer[],\n  :levels::text[]::log_level[],\n  :messages!::text[],\n  :timestamps::timestamptz[],\n  false\n)"};

/**
 * Stores and counts many lines, all or none, and returns their number. Arrays
 * are matched by position. Lines with the same time keep their order. Creates
 * missing partitions.
 * Writes job_logs, job_log_counts.
 */
export const jobLogInsertMany: Query<JobLogInsertManyParams, LogsInserted> = new Query("JobLogInsertMany", jobLogInsertManyIR);

/** Parameters of `JobLogGet`. */
export interface JobLogGetParams {
  /** Identity of the line; orders lines of the same time. */
  id: number;
  /** When the line was reported. */
  timestamp: Date;
}

/**
 * A row of `JobLogGet`, `JobLogList`, `JobLogListByDevice`, `JobLogListByTime`,
 * `JobLogWarningList`, `JobLogTail`.
 */
export interface JobLogLine {
  /** The device of the job; it may be gone. */
  deviceId: number;
  /** Identity of the line; orders lines of the same time. */
  id: number;
  /** The job that reported; it may be gone. */
  jobId: number;
  /** How much the line matters. */
  level: LogLevel;
  /** The line. */
  message: string;
  /** When the line was reported. */
  timestamp: Date;
}

const jobLogGetIR: QueryIR = {"usedParamSet":{"timestamp":true,"id":true},"params":[{"name":"timestamp","required":true,"transform":{"type":"scalar"},"locs":[{"a":94,"b":104}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":117,"b":120}]}],"statement":"select id, job_id, device_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  \"timestamp\" = :timestamp!\n  and id = :id!"};

/**
 * Returns a line, by the key that the lists return.
 * Reads.
 */
export const jobLogGet: Query<JobLogGetParams, JobLogLine> = new Query("JobLogGet", jobLogGetIR, { reads: true });

/** Parameters of `JobLogList`. */
export interface JobLogListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The timestamp of the last row of the previous page. */
  afterTimestamp?: Date | null | undefined;
  /** From this time on. */
  from?: Date | null | undefined;
  /** The job that reported; it may be gone. */
  jobId: number;
  /** Maximum rows to return. */
  limit: number;
  /** Minimum level. */
  minLevel?: LogLevel | null | undefined;
  /** Part of the message, case-insensitive. */
  text?: string | null | undefined;
  /** Before this time. */
  until?: Date | null | undefined;
}

const jobLogListIR: QueryIR = {"usedParamSet":{"jobId":true,"minLevel":true,"from":true,"until":true,"text":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":141,"b":147},{"a":165,"b":171}]},{"name":"minLevel","required":false,"transform":{"type":"scalar"},"locs":[{"a":180,"b":188},{"a":221,"b":229}]},{"name":"from","required":false,"transform":{"type":"scalar"},"locs":[{"a":262,"b":266}]},{"name":"until","required":false,"transform":{"type":"scalar"},"locs":[{"a":302,"b":307},{"a":347,"b":352}]},{"name":"text","required":false,"transform":{"type":"scalar"},"locs":[{"a":362,"b":366},{"a":414,"b":418}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":470,"b":484}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":527,"b":534}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":591,"b":597}]}],"statement":"select id, job_id, device_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  device_id = (select jobs.device_id from jobs where jobs.id = :jobId!)\n  and job_id = :jobId!\n  and (:minLevel::log_level is null or level >= :minLevel)\n  and \"timestamp\" >= coalesce(:from::timestamptz, '-infinity')\n  and (:until::timestamptz is null or \"timestamp\" < :until)\n  and (:text::text is null or strpos(lower(message), lower(:text)) > 0)\n  and (\"timestamp\", id)\n  > (\n    coalesce(:afterTimestamp::timestamptz, '-infinity'),\n    coalesce(:afterId::bigint, 0)\n  )\norder by \"timestamp\", id\nlimit (select :limit!::integer)"};

/**
 * Lists the lines of a job by time.
 * Reads.
 */
export const jobLogList: Query<JobLogListParams, JobLogLine> = new Query("JobLogList", jobLogListIR, { reads: true });

/** Parameters of `JobLogListByDevice`. */
export interface JobLogListByDeviceParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The jobId of the last row of the previous page. */
  afterJobId?: number | null | undefined;
  /** The timestamp of the last row of the previous page. */
  afterTimestamp?: Date | null | undefined;
  /** The device of the job; it may be gone. */
  deviceId: number;
  /** From this time on. */
  from?: Date | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** Minimum level. */
  minLevel?: LogLevel | null | undefined;
  /** Before this time. */
  until?: Date | null | undefined;
}

const jobLogListByDeviceIR: QueryIR = {"usedParamSet":{"deviceId":true,"minLevel":true,"from":true,"until":true,"afterJobId":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":92,"b":101}]},{"name":"minLevel","required":false,"transform":{"type":"scalar"},"locs":[{"a":110,"b":118},{"a":151,"b":159}]},{"name":"from","required":false,"transform":{"type":"scalar"},"locs":[{"a":192,"b":196}]},{"name":"until","required":false,"transform":{"type":"scalar"},"locs":[{"a":254,"b":259}]},{"name":"afterJobId","required":false,"transform":{"type":"scalar"},"locs":[{"a":338,"b":348}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":386,"b":400}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":442,"b":449}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":547,"b":553}]}],"statement":"select id, job_id, device_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  device_id = :deviceId!\n  and (:minLevel::log_level is null or level >= :minLevel)\n  and \"timestamp\" >= coalesce(:from::timestamptz, '-infinity')\n  and \"timestamp\" < coalesce(:until::timestamptz, 'infinity')\n  and (job_id, \"timestamp\", id)\n  < (\n    coalesce(:afterJobId::integer, 2147483647),\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by job_id desc, \"timestamp\" desc, id desc\nlimit (select :limit!::integer)"};

/**
 * Lists the lines of a device, newest job first, and of each job the latest
 * line first.
 * Reads.
 */
export const jobLogListByDevice: Query<JobLogListByDeviceParams, JobLogLine> = new Query("JobLogListByDevice", jobLogListByDeviceIR, { reads: true });

/** Parameters of `JobLogListByTime`. */
export interface JobLogListByTimeParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The timestamp of the last row of the previous page. */
  afterTimestamp?: Date | null | undefined;
  /** From this time on. */
  from?: Date | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** Before this time. */
  until?: Date | null | undefined;
}

const jobLogListByTimeIR: QueryIR = {"usedParamSet":{"from":true,"until":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"from","required":false,"transform":{"type":"scalar"},"locs":[{"a":104,"b":108}]},{"name":"until","required":false,"transform":{"type":"scalar"},"locs":[{"a":166,"b":171}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":242,"b":256}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":298,"b":305}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":390,"b":396}]}],"statement":"select id, job_id, device_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  \"timestamp\" >= coalesce(:from::timestamptz, '-infinity')\n  and \"timestamp\" < coalesce(:until::timestamptz, 'infinity')\n  and (\"timestamp\", id)\n  < (\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by \"timestamp\" desc, id desc\nlimit (select :limit!::integer)"};

/**
 * Lists the lines of all devices, latest first.
 * Reads.
 */
export const jobLogListByTime: Query<JobLogListByTimeParams, JobLogLine> = new Query("JobLogListByTime", jobLogListByTimeIR, { reads: true });

/** Parameters of `JobLogWarningList`. */
export interface JobLogWarningListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The timestamp of the last row of the previous page. */
  afterTimestamp?: Date | null | undefined;
  /** From this time on. */
  from?: Date | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** Minimum level. Defaults to warning. */
  minLevel?: LogLevel | null | undefined;
  /** Before this time. */
  until?: Date | null | undefined;
}

const jobLogWarningListIR: QueryIR = {"usedParamSet":{"minLevel":true,"from":true,"until":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"minLevel","required":false,"transform":{"type":"scalar"},"locs":[{"a":123,"b":131}]},{"name":"from","required":false,"transform":{"type":"scalar"},"locs":[{"a":186,"b":190}]},{"name":"until","required":false,"transform":{"type":"scalar"},"locs":[{"a":248,"b":253}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":324,"b":338}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":380,"b":387}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":472,"b":478}]}],"statement":"select id, job_id, device_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  level >= 'warning'\n  and level >= coalesce(:minLevel::log_level, 'warning')\n  and \"timestamp\" >= coalesce(:from::timestamptz, '-infinity')\n  and \"timestamp\" < coalesce(:until::timestamptz, 'infinity')\n  and (\"timestamp\", id)\n  < (\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by \"timestamp\" desc, id desc\nlimit (select :limit!::integer)"};

/**
 * Lists the lines of all devices with level warning or above, latest first.
 * Reads.
 */
export const jobLogWarningList: Query<JobLogWarningListParams, JobLogLine> = new Query("JobLogWarningList", jobLogWarningListIR, { reads: true });

/** Parameters of `JobLogStats`. */
export interface JobLogStatsParams {
  jobId: number;
}

/** A row of `JobLogStats`. */
export interface JobLogStatsRow {
  /** So many. */
  count: number;
  /** When the first was reported. */
  firstAt: Date;
  /** When the last was reported. */
  lastAt: Date;
  /** The level. */
  level: LogLevel;
}

const jobLogStatsIR: QueryIR = {"usedParamSet":{"jobId":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":91,"b":97}]}],"statement":"select\n  level,\n  lines as count,\n  first_at,\n  last_at\nfrom job_log_counts\nwhere job_id = :jobId!\norder by level"};

/**
 * Counts the lines that a job has reported, by level, lowest level first. Lines
 * are counted when they are stored, so lines that retention has deleted are
 * included.
 * Reads.
 */
export const jobLogStats: Query<JobLogStatsParams, JobLogStatsRow> = new Query("JobLogStats", jobLogStatsIR, { reads: true });

/** Parameters of `JobLogDelete`. */
export interface JobLogDeleteParams {
  /** Only lines before this time. Defaults to all. */
  before?: Date | null | undefined;
  jobId: number;
}

/** A row of `JobLogDelete`. */
export interface JobLogDeleteRow {
  deleted: number;
}

const jobLogDeleteIR: QueryIR = {"usedParamSet":{"jobId":true,"before":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":62,"b":68}]},{"name":"before","required":false,"transform":{"type":"scalar"},"locs":[{"a":79,"b":85},{"a":125,"b":131}]}],"statement":"with removed as (\n  delete from job_logs\n  where\n    job_id = :jobId!\n    and (:before::timestamptz is null or \"timestamp\" < :before)\n  returning id\n)\nselect count(*)::integer as \"deleted!\"\nfrom removed"};

/**
 * Deletes the lines of a job and returns their number.
 * Writes job_logs.
 */
export const jobLogDelete: Query<JobLogDeleteParams, JobLogDeleteRow> = new Query("JobLogDelete", jobLogDeleteIR);
