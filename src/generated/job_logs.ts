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
  /** Identity of the line; orders lines of the same time. */
  id: number;
  /** The job that reported. */
  jobId: number;
  /** How much the line matters. */
  level: LogLevel;
  /** The line. */
  message: string;
  /** When the line was reported. */
  timestamp: Date;
}

const jobLogInsertIR: QueryIR = {"usedParamSet":{"jobId":true,"level":true,"message":true,"timestamp":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":184,"b":190}]},{"name":"level","required":false,"transform":{"type":"scalar"},"locs":[{"a":204,"b":209}]},{"name":"message","required":true,"transform":{"type":"scalar"},"locs":[{"a":234,"b":242}]},{"name":"timestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":256,"b":265}]}],"statement":"-- Job logs are the lines a job reports while it runs.\n-- Stores a line: level info and the time now unless told.\ninsert into job_logs (job_id, level, message, \"timestamp\")\nvalues (\n  :jobId!,\n  coalesce(:level::log_level, 'info'),\n  :message!,\n  coalesce(:timestamp::timestamptz, date_trunc('milliseconds', now()))\n)\nreturning id, job_id, level, message, \"timestamp\""};

/**
 * Job logs are the lines a job reports while it runs.
 * Stores a line: level info and the time now unless told.
 *
 * ```sql
 * insert into job_logs (job_id, level, message, "timestamp")
 * values (
 *   :jobId!,
 *   coalesce(:level::log_level, 'info'),
 *   :message!,
 *   coalesce(:timestamp::timestamptz, date_trunc('milliseconds', now()))
 * )
 * returning id, job_id, level, message, "timestamp"
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

const jobLogInsertManyIR: QueryIR = {"usedParamSet":{"jobIds":true,"levels":true,"messages":true,"timestamps":true},"params":[{"name":"jobIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":418,"b":425}]},{"name":"levels","required":false,"transform":{"type":"scalar"},"locs":[{"a":443,"b":449}]},{"name":"messages","required":true,"transform":{"type":"scalar"},"locs":[{"a":477,"b":486}]},{"name":"timestamps","required":false,"transform":{"type":"scalar"},"locs":[{"a":501,"b":511}]}],"statement":"-- Stores many lines, all or none, and tells how many. The arrays go together\n-- by position; a null or absent level is info, a null or absent time is now.\n-- Lines of one time keep their order.\nwith inserted as (\n  insert into job_logs (job_id, level, message, \"timestamp\")\n  select\n    job_id,\n    coalesce(level, 'info'),\n    message,\n    coalesce(reported_at, date_trunc('milliseconds', now()))\n  from unnest(\n    :jobIds!::integer[],\n    :levels::text[]::log_level[],\n    :messages!::text[],\n    :timestamps::timestamptz[]\n  ) with ordinality as given (job_id, level, message, reported_at, place)\n  order by place\n  returning id\n)\nselect count(*)::integer as \"inserted!\"\nfrom inserted"};

/**
 * Stores many lines, all or none, and tells how many. The arrays go together
 * by position; a null or absent level is info, a null or absent time is now.
 * Lines of one time keep their order.
 *
 * ```sql
 * with inserted as (
 *   insert into job_logs (job_id, level, message, "timestamp")
 *   select
 *     job_id,
 *     coalesce(level, 'info'),
 *     message,
 *     coalesce(reported_at, date_trunc('milliseconds', now()))
 *   from unnest(
 *     :jobIds!::integer[],
 *     :levels::text[]::log_level[],
 *     :messages!::text[],
 *     :timestamps::timestamptz[]
 *   ) with ordinality as given (job_id, level, message, reported_at, place)
 *   order by place
 *   returning id
 * )
 * select count(*)::integer as "inserted!"
 * from inserted
 * ```
 */
export const jobLogInsertMany: Query<JobLogInsertManyParams, JobLogInsertManyResult> = new Query("JobLogInsertMany", jobLogInsertManyIR);

/** Parameters of `JobLogGet`. */
export interface JobLogGetParams {
  id: number;
  jobId: number;
  timestamp: Date;
}

/** A row of `JobLogGet`. */
export interface JobLogGetResult {
  /** Identity of the line; orders lines of the same time. */
  id: number;
  /** The job that reported. */
  jobId: number;
  /** How much the line matters. */
  level: LogLevel;
  /** The line. */
  message: string;
  /** When the line was reported. */
  timestamp: Date;
}

const jobLogGetIR: QueryIR = {"usedParamSet":{"jobId":true,"timestamp":true,"id":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":113,"b":119}]},{"name":"timestamp","required":true,"transform":{"type":"scalar"},"locs":[{"a":141,"b":151}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":164,"b":167}]}],"statement":"-- The key as the lists return it.\nselect id, job_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  job_id = :jobId!\n  and \"timestamp\" = :timestamp!\n  and id = :id!"};

/**
 * The key as the lists return it.
 *
 * ```sql
 * select id, job_id, level, message, "timestamp"
 * from job_logs
 * where
 *   job_id = :jobId!
 *   and "timestamp" = :timestamp!
 *   and id = :id!
 * ```
 */
export const jobLogGet: Query<JobLogGetParams, JobLogGetResult> = new Query("JobLogGet", jobLogGetIR);

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
  /** Identity of the line; orders lines of the same time. */
  id: number;
  /** The job that reported. */
  jobId: number;
  /** How much the line matters. */
  level: LogLevel;
  /** The line. */
  message: string;
  /** When the line was reported. */
  timestamp: Date;
}

const jobLogListIR: QueryIR = {"usedParamSet":{"jobId":true,"minLevel":true,"from":true,"until":true,"text":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":259,"b":265}]},{"name":"minLevel","required":false,"transform":{"type":"scalar"},"locs":[{"a":274,"b":282},{"a":315,"b":323}]},{"name":"from","required":false,"transform":{"type":"scalar"},"locs":[{"a":356,"b":360}]},{"name":"until","required":false,"transform":{"type":"scalar"},"locs":[{"a":396,"b":401},{"a":441,"b":446}]},{"name":"text","required":false,"transform":{"type":"scalar"},"locs":[{"a":456,"b":460},{"a":508,"b":512}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":564,"b":578}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":621,"b":628}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":677,"b":683}]}],"statement":"-- Lines of a job in the order of their times. Filters: a level at least, times\n-- from the first up to but without the second, and text that stands in the\n-- line, in either case.\nselect id, job_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  job_id = :jobId!\n  and (:minLevel::log_level is null or level >= :minLevel)\n  and \"timestamp\" >= coalesce(:from::timestamptz, '-infinity')\n  and (:until::timestamptz is null or \"timestamp\" < :until)\n  and (:text::text is null or strpos(lower(message), lower(:text)) > 0)\n  and (\"timestamp\", id)\n  > (\n    coalesce(:afterTimestamp::timestamptz, '-infinity'),\n    coalesce(:afterId::bigint, 0)\n  )\norder by \"timestamp\", id\nlimit :limit!::integer"};

/**
 * Lines of a job in the order of their times. Filters: a level at least, times
 * from the first up to but without the second, and text that stands in the
 * line, in either case.
 *
 * ```sql
 * select id, job_id, level, message, "timestamp"
 * from job_logs
 * where
 *   job_id = :jobId!
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
 * limit :limit!::integer
 * ```
 */
export const jobLogList: Query<JobLogListParams, JobLogListResult> = new Query("JobLogList", jobLogListIR);

/** Parameters of `JobLogTail`. */
export interface JobLogTailParams {
  afterId?: number | null | undefined;
  afterTimestamp?: Date | null | undefined;
  jobId: number;
  limit: number;
}

/** A row of `JobLogTail`. */
export interface JobLogTailResult {
  /** Identity of the line; orders lines of the same time. */
  id: number;
  /** The job that reported. */
  jobId: number;
  /** How much the line matters. */
  level: LogLevel;
  /** The line. */
  message: string;
  /** When the line was reported. */
  timestamp: Date;
}

const jobLogTailIR: QueryIR = {"usedParamSet":{"jobId":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":149,"b":155}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":200,"b":214}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":257,"b":264}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":313,"b":319}]}],"statement":"-- Lines of a job after the last one read, from the first without one.\nselect id, job_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  job_id = :jobId!\n  and (\"timestamp\", id)\n  > (\n    coalesce(:afterTimestamp::timestamptz, '-infinity'),\n    coalesce(:afterId::bigint, 0)\n  )\norder by \"timestamp\", id\nlimit :limit!::integer"};

/**
 * Lines of a job after the last one read, from the first without one.
 *
 * ```sql
 * select id, job_id, level, message, "timestamp"
 * from job_logs
 * where
 *   job_id = :jobId!
 *   and ("timestamp", id)
 *   > (
 *     coalesce(:afterTimestamp::timestamptz, '-infinity'),
 *     coalesce(:afterId::bigint, 0)
 *   )
 * order by "timestamp", id
 * limit :limit!::integer
 * ```
 */
export const jobLogTail: Query<JobLogTailParams, JobLogTailResult> = new Query("JobLogTail", jobLogTailIR);

/** Parameters of `JobLogStats`. */
export interface JobLogStatsParams {
  jobId: number;
}

/** A row of `JobLogStats`. */
export interface JobLogStatsResult {
  count: number;
  firstAt: Date;
  lastAt: Date;
  /** How much the line matters. */
  level: LogLevel;
}

const jobLogStatsIR: QueryIR = {"usedParamSet":{"jobId":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":201,"b":207}]}],"statement":"-- Number of lines of a job by level, the least first.\nselect\n  level,\n  count(*)::integer as \"count!\",\n  min(\"timestamp\") as \"first_at!\",\n  max(\"timestamp\") as \"last_at!\"\nfrom job_logs\nwhere job_id = :jobId!\ngroup by level\norder by level"};

/**
 * Number of lines of a job by level, the least first.
 *
 * ```sql
 * select
 *   level,
 *   count(*)::integer as "count!",
 *   min("timestamp") as "first_at!",
 *   max("timestamp") as "last_at!"
 * from job_logs
 * where job_id = :jobId!
 * group by level
 * order by level
 * ```
 */
export const jobLogStats: Query<JobLogStatsParams, JobLogStatsResult> = new Query("JobLogStats", jobLogStatsIR);

/** Parameters of `JobLogDelete`. */
export interface JobLogDeleteParams {
  before?: Date | null | undefined;
  jobId: number;
}

/** A row of `JobLogDelete`. */
export interface JobLogDeleteResult {
  deleted: number;
}

const jobLogDeleteIR: QueryIR = {"usedParamSet":{"jobId":true,"before":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":153,"b":159}]},{"name":"before","required":false,"transform":{"type":"scalar"},"locs":[{"a":170,"b":176},{"a":216,"b":222}]}],"statement":"-- Deletes the lines of a job, those before a time if one is given, and tells\n-- how many.\nwith removed as (\n  delete from job_logs\n  where\n    job_id = :jobId!\n    and (:before::timestamptz is null or \"timestamp\" < :before)\n  returning id\n)\nselect count(*)::integer as \"deleted!\"\nfrom removed"};

/**
 * Deletes the lines of a job, those before a time if one is given, and tells
 * how many.
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
