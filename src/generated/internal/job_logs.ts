// Generated from queries/job_logs.sql by make generate. Do not edit.
/**
 * Job logs are the lines that a job reports while it runs.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { Query, type QueryIR } from "../../query.ts";
import type { LogsExpired } from "./connection_logs.ts";
import type { JobLogLine, LogLevel } from "../job_logs.ts";

/** Parameters of `JobLogWrite`. */
export interface JobLogWriteParams {
  /** Number of the batch, higher than that of the previous one. */
  batch: number;
  jobIds: readonly number[];
  levels: readonly LogLevel[];
  messages: readonly string[];
  /** Writer's clock when it sends, in milliseconds. */
  now: number;
  /** When each line was reported, by the writer's clock. */
  times: readonly number[];
  writer: string;
}

/** A row of `JobLogWrite`. */
export interface JobLogWriteRow {
  stored: number;
}

const jobLogWriteIR: QueryIR = {"usedParamSet":{"writer":true,"batch":true,"now":true,"jobIds":true,"levels":true,"messages":true,"times":true},"params":[{"name":"writer","required":true,"transform":{"type":"scalar"},"locs":[{"a":94,"b":101}]},{"name":"batch","required":true,"transform":{"type":"scalar"},"locs":[{"a":108,"b":114}]},{"name":"now","required":true,"transform":{"type":"scalar"},"locs":[{"a":151,"b":155}]},{"name":"jobIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":464,"b":471}]},{"name":"levels","required":true,"transform":{"type":"scalar"},"locs":[{"a":487,"b":494}]},{"name":"messages","required":true,"transform":{"type":"scalar"},"locs":[{"a":520,"b":529}]},{"name":"times","required":true,"transform":{"type":"scalar"},"locs":[{"a":632,"b":638}]}],"statement":"with fenced as (\n  insert into log_writers (id, batch, started_at, written_at)\n  values (\n    :writer!,\n    :batch!,\n    now() - make_interval(secs => :now!::float8 / 1000),\n    date_trunc('milliseconds', now())\n  )\n  on conflict (id) do update\n  set\n    batch = excluded.batch,\n    written_at = excluded.written_at\n  where log_writers.batch < excluded.batch\n  returning started_at\n)\nselect added.stored as \"stored!\"\nfrom fenced\ncross join lateral job_logs_add(\n  :jobIds!::integer[],\n  :levels!::text[]::log_level[],\n  :messages!::text[],\n  array(\n    select fenced.started_at + make_interval(secs => count / 1000)\n    from unnest(:times!::float8[]) with ordinality as given (count, place)\n    order by place\n  ),\n  true\n) as added"};

/**
 * Stores a batch of a writer, which may send it again if the answer was lost. A
 * batch is stored only once, and only after batches with lower numbers. Returns
 * no row if the batch was already stored. Times are milliseconds of the
 * writer's own clock; now is its reading when the writer sends. Lines of
 * deleted jobs are skipped.
 * Internal: a step of jobLog.
 * Writes log_writers, job_logs, job_log_counts.
 */
export const jobLogWrite: Query<JobLogWriteParams, JobLogWriteRow> = new Query("JobLogWrite", jobLogWriteIR);

/** Parameters of `JobLogWriterDelete`. */
export interface JobLogWriterDeleteParams {
  writer: string;
}

const jobLogWriterDeleteIR: QueryIR = {"usedParamSet":{"writer":true},"params":[{"name":"writer","required":true,"transform":{"type":"scalar"},"locs":[{"a":35,"b":42}]}],"statement":"delete from log_writers\nwhere id = :writer!"};

/**
 * Deletes a writer that has ended.
 * Internal: a step of jobLog.
 * Writes log_writers.
 */
export const jobLogWriterDelete: Query<JobLogWriterDeleteParams, void> = new Query("JobLogWriterDelete", jobLogWriterDeleteIR);

/** Parameters of `JobLogTail`. */
export interface JobLogTailParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The timestamp of the last row of the previous page. */
  afterTimestamp?: Date | null | undefined;
  /** The job that reported; it may be gone. */
  jobId: number;
  /** Maximum rows to return. */
  limit: number;
}

const jobLogTailIR: QueryIR = {"usedParamSet":{"jobId":true,"afterTimestamp":true,"afterId":true,"limit":true},"params":[{"name":"jobId","required":true,"transform":{"type":"scalar"},"locs":[{"a":141,"b":147},{"a":165,"b":171}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":216,"b":230}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":273,"b":280}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":337,"b":343}]}],"statement":"select id, job_id, device_id, level, message, \"timestamp\"\nfrom job_logs\nwhere\n  device_id = (select jobs.device_id from jobs where jobs.id = :jobId!)\n  and job_id = :jobId!\n  and (\"timestamp\", id)\n  > (\n    coalesce(:afterTimestamp::timestamptz, '-infinity'),\n    coalesce(:afterId::bigint, 0)\n  )\norder by \"timestamp\", id\nlimit (select :limit!::integer)"};

/**
 * Lists the lines of a job after the last one read. Defaults to all lines.
 * Internal: a step of tail.
 * Reads.
 */
export const jobLogTail: Query<JobLogTailParams, JobLogLine> = new Query("JobLogTail", jobLogTailIR, { reads: true });

/** Parameters of `JobLogExpireByLevel`. */
export interface JobLogExpireByLevelParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The timestamp of the last row of the previous page. */
  afterTimestamp?: Date | null | undefined;
  /** Deletes lines older than this many days. */
  days: number;
  /** True: counts, but deletes nothing. */
  dryRun: boolean;
  level: LogLevel;
  /** Maximum lines to delete. */
  limit: number;
}

/** A row of `JobLogExpireByLevel`. */
export interface JobLogExpireByLevelRow {
  deleted: number;
  /** Identity of the line; orders lines of the same time. */
  id: number | null;
  /** When the line was reported. */
  timestamp: Date | null;
}

const jobLogExpireByLevelIR: QueryIR = {"usedParamSet":{"level":true,"afterTimestamp":true,"afterId":true,"days":true,"limit":true,"dryRun":true},"params":[{"name":"level","required":true,"transform":{"type":"scalar"},"locs":[{"a":91,"b":97}]},{"name":"afterTimestamp","required":false,"transform":{"type":"scalar"},"locs":[{"a":148,"b":162}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":207,"b":214}]},{"name":"days","required":true,"transform":{"type":"scalar"},"locs":[{"a":286,"b":291}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":329,"b":335}]},{"name":"dryRun","required":true,"transform":{"type":"scalar"},"locs":[{"a":416,"b":423}]}],"statement":"with doomed as materialized (\n  select \"timestamp\", id\n  from job_logs\n  where\n    level = :level!\n    and (\"timestamp\", id)\n    > (\n      coalesce(:afterTimestamp::timestamptz, '-infinity'),\n      coalesce(:afterId::bigint, 0)\n    )\n    and \"timestamp\" < now() - make_interval(days => :days!)\n  order by \"timestamp\", id\n  limit :limit!::integer\n),\nremoved as (\n  delete from job_logs\n  using doomed\n  where\n    not :dryRun!::boolean\n    and job_logs.\"timestamp\" = doomed.\"timestamp\"\n    and job_logs.id = doomed.id\n)\nselect\n  (select count(*) from doomed)::integer as \"deleted!\",\n  doomed.\"timestamp\" as \"timestamp?\",\n  doomed.id as \"id?\"\nfrom (select) as one\nleft join (\n  select \"timestamp\", id\n  from doomed\n  order by \"timestamp\" desc, id desc\n  limit 1\n) as doomed on true"};

/**
 * Deletes lines of a level that are older than a number of days, oldest first,
 * after a given line. Returns the number of lines and the last line. A dry run
 * only counts.
 * Internal: a step of maintain.
 * Writes job_logs.
 */
export const jobLogExpireByLevel: Query<JobLogExpireByLevelParams, JobLogExpireByLevelRow> = new Query("JobLogExpireByLevel", jobLogExpireByLevelIR);

/** Parameters of `JobLogExpireByType`. */
export interface JobLogExpireByTypeParams {
  /** The last job of the previous call. */
  afterJobId?: number | null | undefined;
  /** Deletes lines older than this many days. */
  days: number;
  /** True: counts, but deletes nothing. */
  dryRun: boolean;
  jobType: string;
  /** Maximum lines to delete. */
  limit: number;
}

const jobLogExpireByTypeIR: QueryIR = {"usedParamSet":{"jobType":true,"afterJobId":true,"days":true,"limit":true,"dryRun":true},"params":[{"name":"jobType","required":true,"transform":{"type":"scalar"},"locs":[{"a":87,"b":95}]},{"name":"afterJobId","required":false,"transform":{"type":"scalar"},"locs":[{"a":119,"b":129}]},{"name":"days","required":true,"transform":{"type":"scalar"},"locs":[{"a":411,"b":416}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":427,"b":433}]},{"name":"dryRun","required":true,"transform":{"type":"scalar"},"locs":[{"a":514,"b":521}]}],"statement":"with typed as materialized (\n  select id, device_id\n  from jobs\n  where\n    job_type = :jobType!\n    and id > coalesce(:afterJobId::integer, 0)\n  order by id\n  limit 1000\n),\ndoomed as materialized (\n  select job_logs.\"timestamp\", job_logs.id\n  from typed\n  join job_logs\n    on job_logs.device_id = typed.device_id\n    and job_logs.job_id = typed.id\n  where job_logs.\"timestamp\" < now() - make_interval(days => :days!)\n  limit :limit!::integer\n),\nremoved as (\n  delete from job_logs\n  using doomed\n  where\n    not :dryRun!::boolean\n    and job_logs.\"timestamp\" = doomed.\"timestamp\"\n    and job_logs.id = doomed.id\n)\nselect\n  (select count(*) from doomed)::integer as \"deleted!\",\n  (select max(id) from typed) as last_job_id"};

/**
 * Deletes lines of jobs of a type that are older than a number of days. Returns
 * the number of lines. Each call covers the thousand jobs after afterJobId and
 * returns the last of them, or null if there are none. A dry run only counts.
 * Internal: a step of maintain.
 * Writes job_logs.
 */
export const jobLogExpireByType: Query<JobLogExpireByTypeParams, LogsExpired> = new Query("JobLogExpireByType", jobLogExpireByTypeIR);
