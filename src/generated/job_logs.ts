// Generated from queries/job_logs.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

type LogLevel = "critical" | "debug" | "error" | "info" | "warning";

/** Parameters of `JobLogInsert`. */
export interface JobLogInsertParams {
  jobId: number;
  level?: LogLevel | null | undefined;
  message: string;
  timestamp?: Date | null | undefined;
}

/** A row of `JobLogInsert`. */
export interface JobLogInsertResult {
  id: number;
  jobId: number;
  level: LogLevel;
  message: string;
  timestamp: Date;
}

const jobLogInsertIR: QueryIR = {"usedParamSet":{"jobId":true,"level":true,"message":true,"timestamp":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":174,"b":180}]},{"name":"level","required":false,"transform":{"type":"scalar"},"locs":[{"a":205,"b":210}]},{"name":"message","required":true,"transform":{"type":"scalar"},"locs":[{"a":237,"b":245}]},{"name":"timestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":267,"b":276}]}],"statement":"select\n  added.last_id as \"id!\",\n  line.job_id as \"job_id!\",\n  line.level as \"level!\",\n  line.message as \"message!\",\n  line.reported_at as \"timestamp!\"\nfrom (\n  values (\n    :jobId!::integer,\n    coalesce(:level::log_level, 'info'),\n    :message!::text,\n    coalesce(:timestamp::timestamptz, now())::timestamptz(3)\n  )\n) as line (job_id, level, message, reported_at)\ncross join lateral job_logs_add(\n  array[line.job_id],\n  array[line.level],\n  array[line.message],\n  array[line.reported_at],\n  false\n) as added"};

/**
 * Job logs are the lines a job reports while it runs.
 * Stores a line: level info and the time now unless told. The function counts
 * it, and makes the part of the table where it is missing.
 * Writes job_logs, job_log_counts.
 *
 * ```sql
 * select
 *   added.last_id as "id!",
 *   line.job_id as "job_id!",
 *   line.level as "level!",
 *   line.message as "message!",
 *   line.reported_at as "timestamp!"
 * from (
 *   values (
 *     :jobId!::integer,
 *     coalesce(:level::log_level, 'info'),
 *     :message!::text,
 *     coalesce(:timestamp::timestamptz, now())::timestamptz(3)
 *   )
 * ) as line (job_id, level, message, reported_at)
 * cross join lateral job_logs_add(
 *   array[line.job_id],
 *   array[line.level],
 *   array[line.message],
 *   array[line.reported_at],
 *   false
 * ) as added
 * ```
 */
export const jobLogInsert: Query<JobLogInsertParams, JobLogInsertResult> = new Query("JobLogInsert", jobLogInsertIR);

/** Parameters of `JobLogInsertMany`. */
export interface JobLogInsertManyParams {
  jobIds: readonly number[];
  levels?: readonly string[] | null | undefined;
  messages: readonly string[];
  timestamps?: readonly Date[] | null | undefined;
}

/** A row of `JobLogInsertMany`. */
export interface JobLogInsertManyResult {
  inserted: number;
}

const jobLogInsertManyIR: QueryIR = {"usedParamSet":{"jobIds":true,"levels":true,"messages":true,"timestamps":true},"params":[{"name":"jobIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":50,"b":57}]},{"name":"levels","required":false,"transform":{"type":"scalar"},"locs":[{"a":73,"b":79}]},{"name":"messages","required":true,"transform":{"type":"scalar"},"locs":[{"a":105,"b":114}]},{"name":"timestamps","required":false,"transform":{"type":"scalar"},"locs":[{"a":127,"b":137}]}],"statement":"select stored as \"inserted!\"\nfrom job_logs_add(\n  :jobIds!::integer[],\n  :levels::text[]::log_level[],\n  :messages!::text[],\n  :timestamps::timestamptz[],\n  false\n)"};

/**
 * Stores many lines, all or none, and tells how many. The arrays go together by
 * position; a null or absent level is info, a null or absent time is now. Lines
 * of one time keep their order. The function counts them, and makes parts of
 * the table that are missing.
 * Writes job_logs, job_log_counts.
 *
 * ```sql
 * select stored as "inserted!"
 * from job_logs_add(
 *   :jobIds!::integer[],
 *   :levels::text[]::log_level[],
 *   :messages!::text[],
 *   :timestamps::timestamptz[],
 *   false
 * )
 * ```
 */
export const jobLogInsertMany: Query<JobLogInsertManyParams, JobLogInsertManyResult> = new Query("JobLogInsertMany", jobLogInsertManyIR);

/** Parameters of `JobLogWrite`. */
export interface JobLogWriteParams {
  batch: number;
  jobIds: readonly number[];
  levels: readonly string[];
  messages: readonly string[];
  now: number;
  times: readonly number[];
  writer: string;
}

/** A row of `JobLogWrite`. */
export interface JobLogWriteResult {
  stored: number;
}

const jobLogWriteIR: QueryIR = {"usedParamSet":{"writer":true,"batch":true,"now":true,"jobIds":true,"levels":true,"messages":true,"times":true},"params":[{"name":"writer","required":true,"transform":{"type":"scalar"},"locs":[{"a":94,"b":101}]},{"name":"batch","required":true,"transform":{"type":"scalar"},"locs":[{"a":108,"b":114}]},{"name":"now","required":true,"transform":{"type":"scalar"},"locs":[{"a":151,"b":155}]},{"name":"jobIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":464,"b":471}]},{"name":"levels","required":true,"transform":{"type":"scalar"},"locs":[{"a":487,"b":494}]},{"name":"messages","required":true,"transform":{"type":"scalar"},"locs":[{"a":520,"b":529}]},{"name":"times","required":true,"transform":{"type":"scalar"},"locs":[{"a":632,"b":638}]}],"statement":"with fenced as (\n  insert into log_writers (id, batch, started_at, written_at)\n  values (\n    :writer!,\n    :batch!,\n    now() - make_interval(secs => :now!::float8 / 1000),\n    date_trunc('milliseconds', now())\n  )\n  on conflict (id) do update\n  set\n    batch = excluded.batch,\n    written_at = excluded.written_at\n  where log_writers.batch < excluded.batch\n  returning started_at\n)\nselect added.stored as \"stored!\"\nfrom fenced\ncross join lateral job_logs_add(\n  :jobIds!::integer[],\n  :levels!::text[]::log_level[],\n  :messages!::text[],\n  array(\n    select fenced.started_at + make_interval(secs => count / 1000)\n    from unnest(:times!::float8[]) with ordinality as given (count, place)\n    order by place\n  ),\n  true\n) as added"};

/**
 * A batch of a writer, which may come again where its answer was lost: it is
 * stored once, in the order of the writer's batches. Times are milliseconds by
 * the writer's own count, which says now when it sends. Lines of jobs that are
 * gone are left out. No row where the batch had been stored.
 * Writes log_writers, job_logs, job_log_counts.
 *
 * ```sql
 * with fenced as (
 *   insert into log_writers (id, batch, started_at, written_at)
 *   values (
 *     :writer!,
 *     :batch!,
 *     now() - make_interval(secs => :now!::float8 / 1000),
 *     date_trunc('milliseconds', now())
 *   )
 *   on conflict (id) do update
 *   set
 *     batch = excluded.batch,
 *     written_at = excluded.written_at
 *   where log_writers.batch < excluded.batch
 *   returning started_at
 * )
 * select added.stored as "stored!"
 * from fenced
 * cross join lateral job_logs_add(
 *   :jobIds!::integer[],
 *   :levels!::text[]::log_level[],
 *   :messages!::text[],
 *   array(
 *     select fenced.started_at + make_interval(secs => count / 1000)
 *     from unnest(:times!::float8[]) with ordinality as given (count, place)
 *     order by place
 *   ),
 *   true
 * ) as added
 * ```
 */
export const jobLogWrite: Query<JobLogWriteParams, JobLogWriteResult> = new Query("JobLogWrite", jobLogWriteIR);

/** Parameters of `JobLogWriterDelete`. */
export interface JobLogWriterDeleteParams {
  writer: string;
}

/** A row of `JobLogWriterDelete`. */
export type JobLogWriterDeleteResult = void;

const jobLogWriterDeleteIR: QueryIR = {"usedParamSet":{"writer":true},"params":[{"name":"writer","required":true,"transform":{"type":"scalar"},"locs":[{"a":35,"b":42}]}],"statement":"delete from log_writers\nwhere id = :writer!"};

/**
 * Forgets a writer that has ended.
 * Writes log_writers.
 *
 * ```sql
 * delete from log_writers
 * where id = :writer!
 * ```
 */
export const jobLogWriterDelete: Query<JobLogWriterDeleteParams, JobLogWriterDeleteResult> = new Query("JobLogWriterDelete", jobLogWriterDeleteIR);

/** Parameters of `JobLogGet`. */
export interface JobLogGetParams {
  id: number;
  timestamp: Date;
}

/** A row of `JobLogGet`. */
export interface JobLogGetResult {
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
 * The key as the lists return it.
 * Reads.
 *
 * ```sql
 * select id, job_id, device_id, level, message, "timestamp"
 * from job_logs
 * where
 *   "timestamp" = :timestamp!
 *   and id = :id!
 * ```
 */
export const jobLogGet: Query<JobLogGetParams, JobLogGetResult> = new Query("JobLogGet", jobLogGetIR, { reads: true });

/** Parameters of `JobLogList`. */
export interface JobLogListParams {
  afterId?: number | null | undefined;
  afterTimestamp?: Date | null | undefined;
  from?: Date | null | undefined;
  jobId: number;
  limit: number;
  minLevel?: LogLevel | null | undefined;
  text?: string | null | undefined;
  until?: Date | null | undefined;
}

/** A row of `JobLogList`. */
export interface JobLogListResult {
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

const jobLogListIR: QueryIR = {"usedParamSet":{"jobId":true,"minLevel":true,"from":true,"until":true,"text":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":141,"b":147},{"a":165,"b":171}]},{"name":"minLevel","required":false,"transform":{"type":"scalar"},"locs":[{"a":180,"b":188},{"a":221,"b":229}]},{"name":"from","required":false,"transform":{"type":"scalar"},"locs":[{"a":262,"b":266}]},{"name":"until","required":false,"transform":{"type":"scalar"},"locs":[{"a":302,"b":307},{"a":347,"b":352}]},{"name":"text","required":false,"transform":{"type":"scalar"},"locs":[{"a":362,"b":366},{"a":414,"b":418}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":470,"b":484}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":527,"b":534}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":591,"b":597}]}],"statement":"select id, job_id, device_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  device_id = (select jobs.device_id from jobs where jobs.id = :jobId!)\n  and job_id = :jobId!\n  and (:minLevel::log_level is null or level >= :minLevel)\n  and \"timestamp\" >= coalesce(:from::timestamptz, '-infinity')\n  and (:until::timestamptz is null or \"timestamp\" < :until)\n  and (:text::text is null or strpos(lower(message), lower(:text)) > 0)\n  and (\"timestamp\", id)\n  > (\n    coalesce(:afterTimestamp::timestamptz, '-infinity'),\n    coalesce(:afterId::bigint, 0)\n  )\norder by \"timestamp\", id\nlimit (select :limit!::integer)"};

/**
 * Lines of a job in the order of their times. Filters: a level at least, times
 * from the first up to but without the second, and text that stands in the
 * line, in either case.
 * Reads.
 *
 * ```sql
 * select id, job_id, device_id, level, message, "timestamp"
 * from job_logs
 * where
 *   device_id = (select jobs.device_id from jobs where jobs.id = :jobId!)
 *   and job_id = :jobId!
 *   and (:minLevel::log_level is null or level >= :minLevel)
 *   and "timestamp" >= coalesce(:from::timestamptz, '-infinity')
 *   and (:until::timestamptz is null or "timestamp" < :until)
 *   and (:text::text is null or strpos(lower(message), lower(:text)) > 0)
 *   and ("timestamp", id)
 *   > (
 *     coalesce(:afterTimestamp::timestamptz, '-infinity'),
 *     coalesce(:afterId::bigint, 0)
 *   )
 * order by "timestamp", id
 * -- Selected: with a limit that is known a plan would be made at each call, for
 * -- all parts of the table.
 * limit (select :limit!::integer)
 * ```
 */
export const jobLogList: Query<JobLogListParams, JobLogListResult> = new Query("JobLogList", jobLogListIR, { reads: true });

/** Parameters of `JobLogListByDevice`. */
export interface JobLogListByDeviceParams {
  afterId?: number | null | undefined;
  afterJobId?: number | null | undefined;
  afterTimestamp?: Date | null | undefined;
  deviceId: number;
  from?: Date | null | undefined;
  limit: number;
  minLevel?: LogLevel | null | undefined;
  until?: Date | null | undefined;
}

/** A row of `JobLogListByDevice`. */
export interface JobLogListByDeviceResult {
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

const jobLogListByDeviceIR: QueryIR = {"usedParamSet":{"deviceId":true,"minLevel":true,"from":true,"until":true,"afterJobId":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":92,"b":101}]},{"name":"minLevel","required":false,"transform":{"type":"scalar"},"locs":[{"a":110,"b":118},{"a":151,"b":159}]},{"name":"from","required":false,"transform":{"type":"scalar"},"locs":[{"a":192,"b":196}]},{"name":"until","required":false,"transform":{"type":"scalar"},"locs":[{"a":254,"b":259}]},{"name":"afterJobId","required":false,"transform":{"type":"scalar"},"locs":[{"a":338,"b":348}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":386,"b":400}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":442,"b":449}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":547,"b":553}]}],"statement":"select id, job_id, device_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  device_id = :deviceId!\n  and (:minLevel::log_level is null or level >= :minLevel)\n  and \"timestamp\" >= coalesce(:from::timestamptz, '-infinity')\n  and \"timestamp\" < coalesce(:until::timestamptz, 'infinity')\n  and (job_id, \"timestamp\", id)\n  < (\n    coalesce(:afterJobId::integer, 2147483647),\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by job_id desc, \"timestamp\" desc, id desc\nlimit (select :limit!::integer)"};

/**
 * Lines of a device, of the job that was made last first, and of each the
 * latest first. Filters: a level at least, and times from the first up to but
 * without the second.
 * Reads.
 *
 * ```sql
 * select id, job_id, device_id, level, message, "timestamp"
 * from job_logs
 * where
 *   device_id = :deviceId!
 *   and (:minLevel::log_level is null or level >= :minLevel)
 *   and "timestamp" >= coalesce(:from::timestamptz, '-infinity')
 *   and "timestamp" < coalesce(:until::timestamptz, 'infinity')
 *   and (job_id, "timestamp", id)
 *   < (
 *     coalesce(:afterJobId::integer, 2147483647),
 *     coalesce(:afterTimestamp::timestamptz, 'infinity'),
 *     coalesce(:afterId::bigint, 9223372036854775807)
 *   )
 * order by job_id desc, "timestamp" desc, id desc
 * limit (select :limit!::integer)
 * ```
 */
export const jobLogListByDevice: Query<JobLogListByDeviceParams, JobLogListByDeviceResult> = new Query("JobLogListByDevice", jobLogListByDeviceIR, { reads: true });

/** Parameters of `JobLogListByTime`. */
export interface JobLogListByTimeParams {
  afterId?: number | null | undefined;
  afterTimestamp?: Date | null | undefined;
  from?: Date | null | undefined;
  limit: number;
  until?: Date | null | undefined;
}

/** A row of `JobLogListByTime`. */
export interface JobLogListByTimeResult {
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

const jobLogListByTimeIR: QueryIR = {"usedParamSet":{"from":true,"until":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"from","required":false,"transform":{"type":"scalar"},"locs":[{"a":104,"b":108}]},{"name":"until","required":false,"transform":{"type":"scalar"},"locs":[{"a":166,"b":171}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":242,"b":256}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":298,"b":305}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":390,"b":396}]}],"statement":"select id, job_id, device_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  \"timestamp\" >= coalesce(:from::timestamptz, '-infinity')\n  and \"timestamp\" < coalesce(:until::timestamptz, 'infinity')\n  and (\"timestamp\", id)\n  < (\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by \"timestamp\" desc, id desc\nlimit (select :limit!::integer)"};

/**
 * Lines of all devices, the latest first. Filter: times from the first up to
 * but without the second.
 * Reads.
 *
 * ```sql
 * select id, job_id, device_id, level, message, "timestamp"
 * from job_logs
 * where
 *   "timestamp" >= coalesce(:from::timestamptz, '-infinity')
 *   and "timestamp" < coalesce(:until::timestamptz, 'infinity')
 *   and ("timestamp", id)
 *   < (
 *     coalesce(:afterTimestamp::timestamptz, 'infinity'),
 *     coalesce(:afterId::bigint, 9223372036854775807)
 *   )
 * order by "timestamp" desc, id desc
 * limit (select :limit!::integer)
 * ```
 */
export const jobLogListByTime: Query<JobLogListByTimeParams, JobLogListByTimeResult> = new Query("JobLogListByTime", jobLogListByTimeIR, { reads: true });

/** Parameters of `JobLogWarningList`. */
export interface JobLogWarningListParams {
  afterId?: number | null | undefined;
  afterTimestamp?: Date | null | undefined;
  from?: Date | null | undefined;
  limit: number;
  minLevel?: LogLevel | null | undefined;
  until?: Date | null | undefined;
}

/** A row of `JobLogWarningList`. */
export interface JobLogWarningListResult {
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

const jobLogWarningListIR: QueryIR = {"usedParamSet":{"minLevel":true,"from":true,"until":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"minLevel","required":false,"transform":{"type":"scalar"},"locs":[{"a":123,"b":131}]},{"name":"from","required":false,"transform":{"type":"scalar"},"locs":[{"a":186,"b":190}]},{"name":"until","required":false,"transform":{"type":"scalar"},"locs":[{"a":248,"b":253}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":324,"b":338}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":380,"b":387}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":472,"b":478}]}],"statement":"select id, job_id, device_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  level >= 'warning'\n  and level >= coalesce(:minLevel::log_level, 'warning')\n  and \"timestamp\" >= coalesce(:from::timestamptz, '-infinity')\n  and \"timestamp\" < coalesce(:until::timestamptz, 'infinity')\n  and (\"timestamp\", id)\n  < (\n    coalesce(:afterTimestamp::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by \"timestamp\" desc, id desc\nlimit (select :limit!::integer)"};

/**
 * As JobLogListByTime, of a level at least: warning or one above.
 * Reads.
 *
 * ```sql
 * select id, job_id, device_id, level, message, "timestamp"
 * from job_logs
 * where
 *   level >= 'warning'
 *   and level >= coalesce(:minLevel::log_level, 'warning')
 *   and "timestamp" >= coalesce(:from::timestamptz, '-infinity')
 *   and "timestamp" < coalesce(:until::timestamptz, 'infinity')
 *   and ("timestamp", id)
 *   < (
 *     coalesce(:afterTimestamp::timestamptz, 'infinity'),
 *     coalesce(:afterId::bigint, 9223372036854775807)
 *   )
 * order by "timestamp" desc, id desc
 * limit (select :limit!::integer)
 * ```
 */
export const jobLogWarningList: Query<JobLogWarningListParams, JobLogWarningListResult> = new Query("JobLogWarningList", jobLogWarningListIR, { reads: true });

/** Parameters of `JobLogTail`. */
export interface JobLogTailParams {
  afterId?: number | null | undefined;
  afterTimestamp?: Date | null | undefined;
  jobId: number;
  limit: number;
}

/** A row of `JobLogTail`. */
export interface JobLogTailResult {
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

const jobLogTailIR: QueryIR = {"usedParamSet":{"jobId":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":141,"b":147},{"a":165,"b":171}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":216,"b":230}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":273,"b":280}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":337,"b":343}]}],"statement":"select id, job_id, device_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  device_id = (select jobs.device_id from jobs where jobs.id = :jobId!)\n  and job_id = :jobId!\n  and (\"timestamp\", id)\n  > (\n    coalesce(:afterTimestamp::timestamptz, '-infinity'),\n    coalesce(:afterId::bigint, 0)\n  )\norder by \"timestamp\", id\nlimit (select :limit!::integer)"};

/**
 * Lines of a job after the last one read, from the first without one.
 * Reads.
 *
 * ```sql
 * select id, job_id, device_id, level, message, "timestamp"
 * from job_logs
 * where
 *   device_id = (select jobs.device_id from jobs where jobs.id = :jobId!)
 *   and job_id = :jobId!
 *   and ("timestamp", id)
 *   > (
 *     coalesce(:afterTimestamp::timestamptz, '-infinity'),
 *     coalesce(:afterId::bigint, 0)
 *   )
 * order by "timestamp", id
 * limit (select :limit!::integer)
 * ```
 */
export const jobLogTail: Query<JobLogTailParams, JobLogTailResult> = new Query("JobLogTail", jobLogTailIR, { reads: true });

/** Parameters of `JobLogStats`. */
export interface JobLogStatsParams {
  jobId: number;
}

/** A row of `JobLogStats`. */
export interface JobLogStatsResult {
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
 * How many lines a job has reported by level, the least first, also those that
 * retention has removed since. They are counted as they are stored.
 * Reads.
 *
 * ```sql
 * select
 *   level,
 *   lines as count,
 *   first_at,
 *   last_at
 * from job_log_counts
 * where job_id = :jobId!
 * order by level
 * ```
 */
export const jobLogStats: Query<JobLogStatsParams, JobLogStatsResult> = new Query("JobLogStats", jobLogStatsIR, { reads: true });

/** Parameters of `JobLogExpireByLevel`. */
export interface JobLogExpireByLevelParams {
  afterId?: number | null | undefined;
  afterTimestamp?: Date | null | undefined;
  days: number;
  dryRun: boolean;
  level: LogLevel;
  limit: number;
}

/** A row of `JobLogExpireByLevel`. */
export interface JobLogExpireByLevelResult {
  deleted: number;
  /** Identity of the line; orders lines of the same time. */
  id: number | null;
  /** When the line was reported. */
  timestamp: Date | null;
}

const jobLogExpireByLevelIR: QueryIR = {"usedParamSet":{"level":true,"afterTimestamp":true,"afterId":true,"days":true,"limit":true,"dryRun":true},"params":[{"name":"level","required":true,"transform":{"type":"scalar"},"locs":[{"a":91,"b":97}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":148,"b":162}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":207,"b":214}]},{"name":"days","required":true,"transform":{"type":"scalar"},"locs":[{"a":286,"b":291}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":329,"b":335}]},{"name":"dryRun","required":true,"transform":{"type":"scalar"},"locs":[{"a":416,"b":423}]}],"statement":"with doomed as materialized (\n  select \"timestamp\", id\n  from job_logs\n  where\n    level = :level!\n    and (\"timestamp\", id)\n    > (\n      coalesce(:afterTimestamp::timestamptz, '-infinity'),\n      coalesce(:afterId::bigint, 0)\n    )\n    and \"timestamp\" < now() - make_interval(days => :days!)\n  order by \"timestamp\", id\n  limit :limit!::integer\n),\nremoved as (\n  delete from job_logs\n  using doomed\n  where\n    not :dryRun!::boolean\n    and job_logs.\"timestamp\" = doomed.\"timestamp\"\n    and job_logs.id = doomed.id\n)\nselect\n  (select count(*) from doomed)::integer as \"deleted!\",\n  doomed.\"timestamp\" as \"timestamp?\",\n  doomed.id as \"id?\"\nfrom (select) as one\nleft join (\n  select \"timestamp\", id\n  from doomed\n  order by \"timestamp\" desc, id desc\n  limit 1\n) as doomed on true"};

/**
 * Deletes lines of a level that are older than so many days, the oldest first,
 * after one of them; tells how many, and the last. A dry run deletes none.
 * Writes job_logs.
 *
 * ```sql
 * with doomed as materialized (
 *   select "timestamp", id
 *   from job_logs
 *   where
 *     level = :level!
 *     and ("timestamp", id)
 *     > (
 *       coalesce(:afterTimestamp::timestamptz, '-infinity'),
 *       coalesce(:afterId::bigint, 0)
 *     )
 *     and "timestamp" < now() - make_interval(days => :days!)
 *   order by "timestamp", id
 *   limit :limit!::integer
 * ),
 * removed as (
 *   delete from job_logs
 *   using doomed
 *   where
 *     not :dryRun!::boolean
 *     and job_logs."timestamp" = doomed."timestamp"
 *     and job_logs.id = doomed.id
 * )
 * select
 *   (select count(*) from doomed)::integer as "deleted!",
 *   doomed."timestamp" as "timestamp?",
 *   doomed.id as "id?"
 * from (select) as one
 * left join (
 *   select "timestamp", id
 *   from doomed
 *   order by "timestamp" desc, id desc
 *   limit 1
 * ) as doomed on true
 * ```
 */
export const jobLogExpireByLevel: Query<JobLogExpireByLevelParams, JobLogExpireByLevelResult> = new Query("JobLogExpireByLevel", jobLogExpireByLevelIR);

/** Parameters of `JobLogExpireByType`. */
export interface JobLogExpireByTypeParams {
  afterJobId?: number | null | undefined;
  days: number;
  dryRun: boolean;
  jobType: string;
  limit: number;
}

/** A row of `JobLogExpireByType`. */
export interface JobLogExpireByTypeResult {
  deleted: number;
  lastJobId: number | null;
}

const jobLogExpireByTypeIR: QueryIR = {"usedParamSet":{"jobType":true,"afterJobId":true,"days":true,"limit":true,"dryRun":true},"params":[{"name":"jobType","required":true,"transform":{"type":"scalar"},"locs":[{"a":87,"b":95}]},{"name":"afterJobId","required":false,"transform":{"type":"scalar"},"locs":[{"a":119,"b":129}]},{"name":"days","required":true,"transform":{"type":"scalar"},"locs":[{"a":411,"b":416}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":427,"b":433}]},{"name":"dryRun","required":true,"transform":{"type":"scalar"},"locs":[{"a":514,"b":521}]}],"statement":"with typed as materialized (\n  select id, device_id\n  from jobs\n  where\n    job_type = :jobType!\n    and id > coalesce(:afterJobId::integer, 0)\n  order by id\n  limit 1000\n),\ndoomed as materialized (\n  select job_logs.\"timestamp\", job_logs.id\n  from typed\n  join job_logs\n    on job_logs.device_id = typed.device_id\n    and job_logs.job_id = typed.id\n  where job_logs.\"timestamp\" < now() - make_interval(days => :days!)\n  limit :limit!::integer\n),\nremoved as (\n  delete from job_logs\n  using doomed\n  where\n    not :dryRun!::boolean\n    and job_logs.\"timestamp\" = doomed.\"timestamp\"\n    and job_logs.id = doomed.id\n)\nselect\n  (select count(*) from doomed)::integer as \"deleted!\",\n  (select max(id) from typed) as last_job_id"};

/**
 * Deletes lines of jobs of a type that are older than so many days; tells how
 * many. Jobs in the order of their ids, after one of them, a thousand at a
 * time: the last of these is told, too, null where there is none. A dry run
 * deletes none.
 * Writes job_logs.
 *
 * ```sql
 * with typed as materialized (
 *   select id, device_id
 *   from jobs
 *   where
 *     job_type = :jobType!
 *     and id > coalesce(:afterJobId::integer, 0)
 *   order by id
 *   limit 1000
 * ),
 * doomed as materialized (
 *   select job_logs."timestamp", job_logs.id
 *   from typed
 *   join job_logs
 *     on job_logs.device_id = typed.device_id
 *     and job_logs.job_id = typed.id
 *   where job_logs."timestamp" < now() - make_interval(days => :days!)
 *   limit :limit!::integer
 * ),
 * removed as (
 *   delete from job_logs
 *   using doomed
 *   where
 *     not :dryRun!::boolean
 *     and job_logs."timestamp" = doomed."timestamp"
 *     and job_logs.id = doomed.id
 * )
 * select
 *   (select count(*) from doomed)::integer as "deleted!",
 *   (select max(id) from typed) as last_job_id
 * ```
 */
export const jobLogExpireByType: Query<JobLogExpireByTypeParams, JobLogExpireByTypeResult> = new Query("JobLogExpireByType", jobLogExpireByTypeIR);

/** Parameters of `JobLogDelete`. */
export interface JobLogDeleteParams {
  before?: Date | null | undefined;
  jobId: number;
}

/** A row of `JobLogDelete`. */
export interface JobLogDeleteResult {
  deleted: number;
}

const jobLogDeleteIR: QueryIR = {"usedParamSet":{"jobId":true,"before":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":62,"b":68}]},{"name":"before","required":false,"transform":{"type":"scalar"},"locs":[{"a":79,"b":85},{"a":125,"b":131}]}],"statement":"with removed as (\n  delete from job_logs\n  where\n    job_id = :jobId!\n    and (:before::timestamptz is null or \"timestamp\" < :before)\n  returning id\n)\nselect count(*)::integer as \"deleted!\"\nfrom removed"};

/**
 * Deletes the lines of a job, those before a time if one is given, and tells
 * how many.
 * Writes job_logs.
 *
 * ```sql
 * with removed as (
 *   delete from job_logs
 *   where
 *     job_id = :jobId!
 *     and (:before::timestamptz is null or "timestamp" < :before)
 *   returning id
 * )
 * select count(*)::integer as "deleted!"
 * from removed
 * ```
 */
export const jobLogDelete: Query<JobLogDeleteParams, JobLogDeleteResult> = new Query("JobLogDelete", jobLogDeleteIR);
