// Generated from queries/jobs.sql by make generate. Do not edit.
/**
 * Jobs are tasks, each for one device. No query here returns a claim token.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** The labels of `job_status`. */
export type JobStatus = "cancelled" | "failed" | "partial" | "queued" | "running" | "succeeded";

/** Parameters of `JobInsert`. */
export interface JobInsertParams {
  /** The device to work on. */
  deviceId: number;
  /** Defaults to backup. */
  jobType?: string | null | undefined;
  /** Maximum failed attempts. Defaults to 3. */
  maxAttempts?: number | null | undefined;
  /** Higher numbers come first. Defaults to 0. */
  priority?: number | null | undefined;
  /** When the job is due. Defaults to now. */
  scheduledFor?: Date | null | undefined;
}

/** A row of `JobInsert`. */
export interface JobInsertRow {
  /** The device to work on. */
  deviceId: number;
  /** Identity of the job; a higher one was made later. */
  id: number;
  /** The job may start from this time on. */
  scheduledFor: Date;
  /** Where the job stands. */
  status: JobStatus;
}

const jobInsertIR: QueryIR = {"usedParamSet":{"deviceId":true,"scheduledFor":true,"jobType":true,"priority":true,"maxAttempts":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":138,"b":147}]},{"name":"scheduledFor","required":false,"transform":{"type":"scalar"},"locs":[{"a":163,"b":175}]},{"name":"jobType","required":false,"transform":{"type":"scalar"},"locs":[{"a":240,"b":247}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":280,"b":288}]},{"name":"maxAttempts","required":false,"transform":{"type":"scalar"},"locs":[{"a":318,"b":329}]}],"statement":"with inserted as (\n  insert into jobs (\n    device_id,\n    scheduled_for,\n    job_type,\n    priority,\n    max_attempts\n  )\n  values (\n    :deviceId!,\n    coalesce(:scheduledFor::timestamptz, date_trunc('milliseconds', now())),\n    coalesce(:jobType::text, 'backup'),\n    coalesce(:priority::smallint, 0),\n    coalesce(:maxAttempts::smallint, 3)\n  )\n  returning id, device_id, status, scheduled_for\n),\nnoted as (\n  insert into device_states (device_id, job_id)\n  select device_id, id\n  from inserted\n  on conflict (device_id) do update\n  set job_id = greatest(device_states.job_id, excluded.job_id)\n)\nselect\n  inserted.id,\n  inserted.device_id,\n  inserted.status,\n  inserted.scheduled_for\nfrom inserted\ncross join pg_notify('netraven_jobs', '')"};

/**
 * Queues a job, records it as the latest of its device, and wakes workers.
 * Among due jobs, those with the highest priority run first.
 * Writes jobs, device_states.
 */
export const jobInsert: Query<JobInsertParams, JobInsertRow> = new Query("JobInsert", jobInsertIR);

/** Parameters of `JobInsertMany`. */
export interface JobInsertManyParams {
  deviceIds: readonly number[];
  /** Type of all jobs. Defaults to backup. */
  jobType?: string | null | undefined;
  /** Maximum failed attempts. Defaults to 3. */
  maxAttempts?: number | null | undefined;
  /** Higher numbers come first. Defaults to 0. */
  priority?: number | null | undefined;
  /** When each job is due. Now if null. */
  scheduledFor?: readonly (Date | null)[] | null | undefined;
}

/** A row of `JobInsertMany`. */
export interface JobInsertManyRow {
  deviceId: number;
  /** Identity of the job; a higher one was made later. */
  id: number | null;
  /** Position in the input, from 0. */
  index: number;
  outcome: "created" | "missing";
  /** The job may start from this time on. */
  scheduledFor: Date | null;
  /** Where the job stands. */
  status: JobStatus | null;
}

const jobInsertManyIR: QueryIR = {"usedParamSet":{"deviceIds":true,"scheduledFor":true,"jobType":true,"priority":true,"maxAttempts":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":105,"b":115}]},{"name":"scheduledFor","required":false,"transform":{"type":"scalar"},"locs":[{"a":129,"b":141}]},{"name":"jobType","required":false,"transform":{"type":"scalar"},"locs":[{"a":642,"b":649}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":682,"b":690}]},{"name":"maxAttempts","required":false,"transform":{"type":"scalar"},"locs":[{"a":720,"b":731}]}],"statement":"with given as (\n  select\n    place::integer - 1 as index,\n    device_id,\n    scheduled_for\n  from unnest(:deviceIds!::integer[], :scheduledFor::timestamptz[])\n    with ordinality as given (device_id, scheduled_for, place)\n),\nfound as (\n  select\n    given.index,\n    given.device_id,\n    given.scheduled_for,\n    row_number() over (order by given.index) as nth\n  from given\n  join devices on devices.id = given.device_id\n),\ninserted as (\n  insert into jobs (\n    device_id,\n    scheduled_for,\n    job_type,\n    priority,\n    max_attempts\n  )\n  select\n    device_id,\n    coalesce(scheduled_for, date_trunc('milliseconds', now())),\n    coalesce(:jobType::text, 'backup'),\n    coalesce(:priority::smallint, 0),\n    coalesce(:maxAttempts::smallint, 3)\n  from found\n  order by nth\n  returning id, device_id, status, scheduled_for\n),\nnumbered as (\n  select\n    id,\n    status,\n    scheduled_for,\n    row_number() over (order by id) as nth\n  from inserted\n),\nnoted as (\n  insert into device_states (device_id, job_id)\n  select\n    device_id,\n    max(id)\n  from inserted\n  group by device_id\n  order by device_id\n  on conflict (device_id) do update\n  set job_id = greatest(device_states.job_id, excluded.job_id)\n)\nselect\n  given.index as \"index!\",\n  case\n    when numbered.id is null then 'missing'\n    else 'created'\n  end as \"outcome!\",\n  given.device_id as \"device_id!\",\n  numbered.id as \"id?\",\n  numbered.status as \"status?\",\n  numbered.scheduled_for as \"scheduled_for?\"\nfrom given\nleft join found using (index)\nleft join numbered using (nth)\ncross join pg_notify('netraven_jobs', '')\norder by given.index"};

/**
 * Queues many jobs, wakes workers once, and returns the outcome for each, in
 * the given order. Arrays are matched by position. A device that does not exist
 * is missing and gets no job.
 * Jobs get their ids in the given order, so that the nth id is that of the nth
 * row.
 * Writes jobs, device_states.
 */
export const jobInsertMany: Query<JobInsertManyParams, JobInsertManyRow> = new Query("JobInsertMany", jobInsertManyIR);

/** Parameters of `JobGet`. */
export interface JobGetParams {
  /** Identity of the job; a higher one was made later. */
  id: number;
}

/** A row of `JobGet`, `JobList`, `JobListByDevice`, `JobLatestByDevice`. */
export interface Job {
  /** How often the job was claimed; 0 before the first time. */
  attempt: number;
  /**
   * When somebody asked to cancel the job while it ran; its worker sees it at its next heartbeat.
   */
  cancelRequestedAt: Date | null;
  /** Worker that holds or last held the job; null before the first claim. */
  claimedBy: string | null;
  /** When the job ended, whichever way; null while it has not. */
  completedAt: Date | null;
  /** The device to work on. */
  deviceId: number;
  /**
   * What kind of thing went wrong at the last attempt that its worker ended, such as
   * ConnectionError; null where nothing did.
   */
  errorClass: string | null;
  /** What went wrong then, in words. */
  errorMessage: string | null;
  /** How many attempts did. */
  failures: number;
  /** Identity of the job; a higher one was made later. */
  id: number;
  /** What kind of work, such as backup. */
  jobType: string;
  /** The claim may be taken away from this time on; null while no claim counts. */
  leaseUntil: Date | null;
  /** So many attempts may fail or outlive their lease: then the job has failed. */
  maxAttempts: number;
  /** Of the jobs that are due, those of a higher one start first. */
  priority: number;
  /** The job may start from this time on. */
  scheduledFor: Date;
  /** When the current or last attempt began; null before the first. */
  startedAt: Date | null;
  /** Where the job stands. */
  status: JobStatus;
}

const jobGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":250,"b":253}]}],"statement":"select\n  id,\n  device_id,\n  status,\n  scheduled_for,\n  started_at,\n  completed_at,\n  claimed_by,\n  lease_until,\n  attempt,\n  job_type,\n  priority,\n  failures,\n  max_attempts,\n  cancel_requested_at,\n  error_class,\n  error_message\nfrom jobs\nwhere id = :id!"};

/** Reads. */
export const jobGet: Query<JobGetParams, Job> = new Query("JobGet", jobGetIR, { reads: true });

/** Parameters of `JobList`. */
export interface JobListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The scheduledFor of the last row of the previous page. */
  afterScheduledFor?: Date | null | undefined;
  /** Only jobs of this device. */
  deviceId?: number | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** Only jobs that are due from this time on. */
  scheduledFrom?: Date | null | undefined;
  /** Only jobs that are due before this time. */
  scheduledUntil?: Date | null | undefined;
  /** Only jobs with one of these statuses. */
  statuses?: readonly JobStatus[] | null | undefined;
}

const jobListIR: QueryIR = {"usedParamSet":{"statuses":true,"deviceId":true,"scheduledFrom":true,"scheduledUntil":true,"afterScheduledFor":true,"afterId":true,"limit":true},"params":[{"name":"statuses","required":false,"transform":{"type":"scalar"},"locs":[{"a":248,"b":256},{"a":290,"b":298}]},{"name":"deviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":331,"b":339},{"a":373,"b":381}]},{"name":"scheduledFrom","required":false,"transform":{"type":"scalar"},"locs":[{"a":416,"b":429}]},{"name":"scheduledUntil","required":false,"transform":{"type":"scalar"},"locs":[{"a":470,"b":484},{"a":530,"b":544}]},{"name":"afterScheduledFor","required":false,"transform":{"type":"scalar"},"locs":[{"a":595,"b":612}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":654,"b":661}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":732,"b":738}]}],"statement":"select\n  id,\n  device_id,\n  status,\n  scheduled_for,\n  started_at,\n  completed_at,\n  claimed_by,\n  lease_until,\n  attempt,\n  job_type,\n  priority,\n  failures,\n  max_attempts,\n  cancel_requested_at,\n  error_class,\n  error_message\nfrom jobs\nwhere\n  (:statuses::text[] is null or status = any(:statuses::text[]::job_status[]))\n  and (:deviceId::integer is null or device_id = :deviceId)\n  and scheduled_for >= coalesce(:scheduledFrom::timestamptz, '-infinity')\n  and (\n    :scheduledUntil::timestamptz is null\n    or scheduled_for < :scheduledUntil\n  )\n  and (scheduled_for, id)\n  < (\n    coalesce(:afterScheduledFor::timestamptz, 'infinity'),\n    coalesce(:afterId::integer, 2147483647)\n  )\norder by scheduled_for desc, id desc\nlimit :limit!::integer"};

/**
 * Lists jobs by scheduled time, latest first. For one device alone,
 * JobListByDevice is faster.
 * Reads.
 */
export const jobList: Query<JobListParams, Job> = new Query("JobList", jobListIR, { reads: true });

/** Parameters of `JobListByDevice`. */
export interface JobListByDeviceParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The device to work on. */
  deviceId: number;
  /** Maximum rows to return. */
  limit: number;
}

const jobListByDeviceIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":259,"b":268}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":290,"b":297}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":344,"b":350}]}],"statement":"select\n  id,\n  device_id,\n  status,\n  scheduled_for,\n  started_at,\n  completed_at,\n  claimed_by,\n  lease_until,\n  attempt,\n  job_type,\n  priority,\n  failures,\n  max_attempts,\n  cancel_requested_at,\n  error_class,\n  error_message\nfrom jobs\nwhere\n  device_id = :deviceId!\n  and id < coalesce(:afterId::integer, 2147483647)\norder by id desc\nlimit :limit!::integer"};

/**
 * Lists the jobs of a device, newest first.
 * Reads.
 */
export const jobListByDevice: Query<JobListByDeviceParams, Job> = new Query("JobListByDevice", jobListByDeviceIR, { reads: true });

/** Parameters of `JobLatestByDevice`. */
export interface JobLatestByDeviceParams {
  deviceIds: readonly number[];
}

const jobLatestByDeviceIR: QueryIR = {"usedParamSet":{"deviceIds":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":408,"b":418}]}],"statement":"select\n  jobs.id,\n  jobs.device_id,\n  jobs.status,\n  jobs.scheduled_for,\n  jobs.started_at,\n  jobs.completed_at,\n  jobs.claimed_by,\n  jobs.lease_until,\n  jobs.attempt,\n  jobs.job_type,\n  jobs.priority,\n  jobs.failures,\n  jobs.max_attempts,\n  jobs.cancel_requested_at,\n  jobs.error_class,\n  jobs.error_message\nfrom device_states\njoin jobs on jobs.id = device_states.job_id\nwhere device_states.device_id = any(:deviceIds!::integer[])\norder by jobs.device_id"};

/**
 * Lists the newest job of each device, by device. A device without a job has no
 * row.
 * Reads.
 */
export const jobLatestByDevice: Query<JobLatestByDeviceParams, Job> = new Query("JobLatestByDevice", jobLatestByDeviceIR, { reads: true });

/** Parameters of `JobStats`. */
export interface JobStatsParams {
  /** Only jobs that were due from this time on. */
  from: Date;
}

/** A row of `JobStats`. */
export interface JobStatsRow {
  cancelled: number;
  /** Queued jobs that are due. */
  due: number;
  failed: number;
  /** Queued jobs that are not due yet. */
  later: number;
  /** Median duration of the last attempt, from start to end. */
  medianSeconds: number | null;
  oldestDueAt: Date | null;
  p95Seconds: number | null;
  partial: number;
  running: number;
  succeeded: number;
  /** Share of succeeded among succeeded, partial and failed jobs, 0 to 1. */
  successRate: number | null;
}

const jobStatsIR: QueryIR = {"usedParamSet":{"from":true},"params":[{"name":"from","required":true,"transform":{"type":"scalar"},"locs":[{"a":1465,"b":1470}]}],"statement":"select\n  queue.due as \"due!\",\n  queue.later as \"later!\",\n  running.running as \"running!\",\n  queue.oldest_due_at,\n  ended.succeeded as \"succeeded!\",\n  ended.partial as \"partial!\",\n  ended.failed as \"failed!\",\n  ended.cancelled as \"cancelled!\",\n  ended.succeeded::float8\n  / nullif(ended.succeeded + ended.partial + ended.failed, 0) as success_rate,\n  ended.median_seconds,\n  ended.p95_seconds\nfrom (\n  select\n    count(*) filter (\n      where scheduled_for <= now()::timestamptz(3)\n    )::integer as due,\n    count(*) filter (\n      where scheduled_for > now()::timestamptz(3)\n    )::integer as later,\n    min(scheduled_for) filter (\n      where scheduled_for <= now()::timestamptz(3)\n    ) as oldest_due_at\n  from jobs\n  where status = 'queued'\n) as queue\ncross join (\n  select count(*)::integer as running\n  from jobs\n  where status = 'running'\n) as running\ncross join (\n  select\n    count(*) filter (where status = 'succeeded')::integer as succeeded,\n    count(*) filter (where status = 'partial')::integer as partial,\n    count(*) filter (where status = 'failed')::integer as failed,\n    count(*) filter (where status = 'cancelled')::integer as cancelled,\n    percentile_cont(0.5) within group (\n      order by extract(epoch from completed_at - started_at)::float8\n    ) as median_seconds,\n    percentile_cont(0.95) within group (\n      order by extract(epoch from completed_at - started_at)::float8\n    ) as p95_seconds\n  from jobs\n  where\n    scheduled_for >= :from!\n    and completed_at is not null\n) as ended"};

/**
 * Returns the state of the queue now, and statistics of the jobs that were due
 * since a time and have ended. Durations and the success rate are null if there
 * are no such jobs.
 * Reads.
 */
export const jobStats: Query<JobStatsParams, JobStatsRow> = new Query("JobStats", jobStatsIR, { reads: true });

/** Parameters of `JobDelete`. */
export interface JobDeleteParams {
  /** Identity of the job; a higher one was made later. */
  id: number;
}

/** A row of `JobDelete`. */
export interface JobDeleteRow {
  /** When the job ended, whichever way; null while it has not. */
  completedAt: Date | null;
  /** The device to work on. */
  deviceId: number;
  /** Identity of the job; a higher one was made later. */
  id: number;
  /** The job may start from this time on. */
  scheduledFor: Date;
  /** When the current or last attempt began; null before the first. */
  startedAt: Date | null;
  /** Where the job stands. */
  status: JobStatus;
}

const jobDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":50,"b":53},{"a":266,"b":269}]}],"statement":"with removed as (\n  delete from jobs\n  where id = :id!\n  returning id, device_id, status, scheduled_for, started_at, completed_at\n),\nprevious as (\n  select max(jobs.id) as id\n  from jobs\n  where\n    jobs.device_id = (select device_id from removed)\n    and jobs.id < :id!\n),\nnoted as (\n  update device_states\n  set job_id = previous.id\n  from removed\n  cross join previous\n  where\n    device_states.device_id = removed.device_id\n    and device_states.job_id = removed.id\n)\nselect\n  id,\n  device_id,\n  status,\n  scheduled_for,\n  started_at,\n  completed_at\nfrom removed"};

/**
 * Deletes a job. Its logs stay; logsDelete deletes them. If it was the latest
 * job of its device, the previous job becomes the latest.
 * Writes jobs, device_states.
 */
export const jobDelete: Query<JobDeleteParams, JobDeleteRow> = new Query("JobDelete", jobDeleteIR);
