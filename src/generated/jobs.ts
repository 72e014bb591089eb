// Generated from queries/jobs.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

type JobStatus = "cancelled" | "failed" | "partial" | "queued" | "running" | "succeeded";

/** Parameters of `JobInsert`. */
export interface JobInsertParams {
  deviceId: number;
  jobType?: string | null | undefined;
  mostFailures?: number | null | undefined;
  priority?: number | null | undefined;
  scheduledFor?: Date | null | undefined;
}

/** A row of `JobInsert`. */
export interface JobInsertResult {
  /** The device to work on. */
  deviceId: number;
  /** Identity of the job; a higher one was made later. */
  id: number;
  /** The job may start from this time on. */
  scheduledFor: Date;
  /** Where the job stands. */
  status: JobStatus;
}

const jobInsertIR: QueryIR = {"usedParamSet":{"deviceId":true,"scheduledFor":true,"jobType":true,"priority":true,"mostFailures":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":139,"b":148}]},{"name":"scheduledFor","required":false,"transform":{"type":"scalar"},"locs":[{"a":164,"b":176}]},{"name":"jobType","required":false,"transform":{"type":"scalar"},"locs":[{"a":241,"b":248}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":281,"b":289}]},{"name":"mostFailures","required":false,"transform":{"type":"scalar"},"locs":[{"a":319,"b":331}]}],"statement":"with inserted as (\n  insert into jobs (\n    device_id,\n    scheduled_for,\n    job_type,\n    priority,\n    most_failures\n  )\n  values (\n    :deviceId!,\n    coalesce(:scheduledFor::timestamptz, date_trunc('milliseconds', now())),\n    coalesce(:jobType::text, 'backup'),\n    coalesce(:priority::smallint, 0),\n    coalesce(:mostFailures::smallint, 3)\n  )\n  returning id, device_id, status, scheduled_for\n),\nnoted as (\n  insert into device_states (device_id, job_id)\n  select device_id, id\n  from inserted\n  on conflict (device_id) do update\n  set job_id = greatest(device_states.job_id, excluded.job_id)\n)\nselect\n  inserted.id,\n  inserted.device_id,\n  inserted.status,\n  inserted.scheduled_for\nfrom inserted\ncross join pg_notify('netraven_jobs', '')"};

/**
 * Jobs are work to do, one device each; a claim token never leaves here.
 * Queues a job, for now unless told, notes it as the device's latest, and wakes
 * workers. A backup unless told. Of the jobs that are due those of the highest
 * priority come first, 0 unless told; so many attempts may fail, 3 unless told.
 * Writes jobs, device_states.
 *
 * ```sql
 * with inserted as (
 *   insert into jobs (
 *     device_id,
 *     scheduled_for,
 *     job_type,
 *     priority,
 *     most_failures
 *   )
 *   values (
 *     :deviceId!,
 *     coalesce(:scheduledFor::timestamptz, date_trunc('milliseconds', now())),
 *     coalesce(:jobType::text, 'backup'),
 *     coalesce(:priority::smallint, 0),
 *     coalesce(:mostFailures::smallint, 3)
 *   )
 *   returning id, device_id, status, scheduled_for
 * ),
 * noted as (
 *   insert into device_states (device_id, job_id)
 *   select device_id, id
 *   from inserted
 *   on conflict (device_id) do update
 *   set job_id = greatest(device_states.job_id, excluded.job_id)
 * )
 * select
 *   inserted.id,
 *   inserted.device_id,
 *   inserted.status,
 *   inserted.scheduled_for
 * from inserted
 * cross join pg_notify('netraven_jobs', '')
 * ```
 */
export const jobInsert: Query<JobInsertParams, JobInsertResult> = new Query("JobInsert", jobInsertIR);

/** Parameters of `JobInsertMany`. */
export interface JobInsertManyParams {
  deviceIds: readonly number[];
  jobType?: string | null | undefined;
  mostFailures?: number | null | undefined;
  priority?: number | null | undefined;
  scheduledFor?: readonly Date[] | null | undefined;
}

/** A row of `JobInsertMany`. */
export interface JobInsertManyResult {
  deviceId: number;
  /** Identity of the job; a higher one was made later. */
  id: number | null;
  index: number;
  outcome: string;
  /** The job may start from this time on. */
  scheduledFor: Date | null;
  /** Where the job stands. */
  status: JobStatus | null;
}

const jobInsertManyIR: QueryIR = {"usedParamSet":{"deviceIds":true,"scheduledFor":true,"jobType":true,"priority":true,"mostFailures":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":105,"b":115}]},{"name":"scheduledFor","required":false,"transform":{"type":"scalar"},"locs":[{"a":129,"b":141}]},{"name":"jobType","required":false,"transform":{"type":"scalar"},"locs":[{"a":643,"b":650}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":683,"b":691}]},{"name":"mostFailures","required":false,"transform":{"type":"scalar"},"locs":[{"a":721,"b":733}]}],"statement":"with given as (\n  select\n    place::integer - 1 as index,\n    device_id,\n    scheduled_for\n  from unnest(:deviceIds!::integer[], :scheduledFor::timestamptz[])\n    with ordinality as given (device_id, scheduled_for, place)\n),\nfound as (\n  select\n    given.index,\n    given.device_id,\n    given.scheduled_for,\n    row_number() over (order by given.index) as nth\n  from given\n  join devices on devices.id = given.device_id\n),\ninserted as (\n  insert into jobs (\n    device_id,\n    scheduled_for,\n    job_type,\n    priority,\n    most_failures\n  )\n  select\n    device_id,\n    coalesce(scheduled_for, date_trunc('milliseconds', now())),\n    coalesce(:jobType::text, 'backup'),\n    coalesce(:priority::smallint, 0),\n    coalesce(:mostFailures::smallint, 3)\n  from found\n  order by nth\n  returning id, device_id, status, scheduled_for\n),\nnumbered as (\n  select\n    id,\n    status,\n    scheduled_for,\n    row_number() over (order by id) as nth\n  from inserted\n),\nnoted as (\n  insert into device_states (device_id, job_id)\n  select\n    device_id,\n    max(id)\n  from inserted\n  group by device_id\n  order by device_id\n  on conflict (device_id) do update\n  set job_id = greatest(device_states.job_id, excluded.job_id)\n)\nselect\n  given.index as \"index!\",\n  case\n    when numbered.id is null then 'missing'\n    else 'created'\n  end as \"outcome!\",\n  given.device_id as \"device_id!\",\n  numbered.id as \"id?\",\n  numbered.status as \"status?\",\n  numbered.scheduled_for as \"scheduled_for?\"\nfrom given\nleft join found using (index)\nleft join numbered using (nth)\ncross join pg_notify('netraven_jobs', '')\norder by given.index"};

/**
 * Queues many jobs, wakes workers once, and says for each what happened, in the
 * order given. Times go with the devices by position; a null or absent one is
 * now. A device that does not exist is missing and gets no job.
 * Jobs get their ids in the order given, so the nth id is that of the nth row.
 * Writes jobs, device_states.
 *
 * ```sql
 * with given as (
 *   select
 *     place::integer - 1 as index,
 *     device_id,
 *     scheduled_for
 *   from unnest(:deviceIds!::integer[], :scheduledFor::timestamptz[])
 *     with ordinality as given (device_id, scheduled_for, place)
 * ),
 * found as (
 *   select
 *     given.index,
 *     given.device_id,
 *     given.scheduled_for,
 *     row_number() over (order by given.index) as nth
 *   from given
 *   join devices on devices.id = given.device_id
 * ),
 * inserted as (
 *   insert into jobs (
 *     device_id,
 *     scheduled_for,
 *     job_type,
 *     priority,
 *     most_failures
 *   )
 *   select
 *     device_id,
 *     coalesce(scheduled_for, date_trunc('milliseconds', now())),
 *     coalesce(:jobType::text, 'backup'),
 *     coalesce(:priority::smallint, 0),
 *     coalesce(:mostFailures::smallint, 3)
 *   from found
 *   order by nth
 *   returning id, device_id, status, scheduled_for
 * ),
 * numbered as (
 *   select
 *     id,
 *     status,
 *     scheduled_for,
 *     row_number() over (order by id) as nth
 *   from inserted
 * ),
 * noted as (
 *   insert into device_states (device_id, job_id)
 *   select
 *     device_id,
 *     max(id)
 *   from inserted
 *   group by device_id
 *   order by device_id
 *   on conflict (device_id) do update
 *   set job_id = greatest(device_states.job_id, excluded.job_id)
 * )
 * select
 *   given.index as "index!",
 *   case
 *     when numbered.id is null then 'missing'
 *     else 'created'
 *   end as "outcome!",
 *   given.device_id as "device_id!",
 *   numbered.id as "id?",
 *   numbered.status as "status?",
 *   numbered.scheduled_for as "scheduled_for?"
 * from given
 * left join found using (index)
 * left join numbered using (nth)
 * cross join pg_notify('netraven_jobs', '')
 * order by given.index
 * ```
 */
export const jobInsertMany: Query<JobInsertManyParams, JobInsertManyResult> = new Query("JobInsertMany", jobInsertManyIR);

/** Parameters of `JobGet`. */
export interface JobGetParams {
  id: number;
}

/** A row of `JobGet`. */
export interface JobGetResult {
  /** How often the job was claimed; 0 before the first time. */
  attempt: number;
  /** When somebody asked to cancel the job while it ran; its worker sees it at its next heartbeat. */
  cancelRequestedAt: Date | null;
  /** Worker that holds or last held the job; null before the first claim. */
  claimedBy: string | null;
  /** When the job ended, whichever way; null while it has not. */
  completedAt: Date | null;
  /** The device to work on. */
  deviceId: number;
  /** What kind of thing went wrong at the last attempt that its worker ended, such as ConnectionError; null where nothing did. */
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
  mostFailures: number;
  /** Of the jobs that are due, those of a higher one start first. */
  priority: number;
  /** The job may start from this time on. */
  scheduledFor: Date;
  /** When the current or last attempt began; null before the first. */
  startedAt: Date | null;
  /** Where the job stands. */
  status: JobStatus;
}

const jobGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":251,"b":254}]}],"statement":"select\n  id,\n  device_id,\n  status,\n  scheduled_for,\n  started_at,\n  completed_at,\n  claimed_by,\n  lease_until,\n  attempt,\n  job_type,\n  priority,\n  failures,\n  most_failures,\n  cancel_requested_at,\n  error_class,\n  error_message\nfrom jobs\nwhere id = :id!"};

/**
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   device_id,
 *   status,
 *   scheduled_for,
 *   started_at,
 *   completed_at,
 *   claimed_by,
 *   lease_until,
 *   attempt,
 *   job_type,
 *   priority,
 *   failures,
 *   most_failures,
 *   cancel_requested_at,
 *   error_class,
 *   error_message
 * from jobs
 * where id = :id!
 * ```
 */
export const jobGet: Query<JobGetParams, JobGetResult> = new Query("JobGet", jobGetIR, { reads: true });

/** Parameters of `JobList`. */
export interface JobListParams {
  afterId?: number | null | undefined;
  afterScheduledFor?: Date | null | undefined;
  deviceId?: number | null | undefined;
  limit: number;
  scheduledFrom?: Date | null | undefined;
  scheduledUntil?: Date | null | undefined;
  statuses?: readonly string[] | null | undefined;
}

/** A row of `JobList`. */
export interface JobListResult {
  /** How often the job was claimed; 0 before the first time. */
  attempt: number;
  /** When somebody asked to cancel the job while it ran; its worker sees it at its next heartbeat. */
  cancelRequestedAt: Date | null;
  /** Worker that holds or last held the job; null before the first claim. */
  claimedBy: string | null;
  /** When the job ended, whichever way; null while it has not. */
  completedAt: Date | null;
  /** The device to work on. */
  deviceId: number;
  /** What kind of thing went wrong at the last attempt that its worker ended, such as ConnectionError; null where nothing did. */
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
  mostFailures: number;
  /** Of the jobs that are due, those of a higher one start first. */
  priority: number;
  /** The job may start from this time on. */
  scheduledFor: Date;
  /** When the current or last attempt began; null before the first. */
  startedAt: Date | null;
  /** Where the job stands. */
  status: JobStatus;
}

const jobListIR: QueryIR = {"usedParamSet":{"statuses":true,"deviceId":true,"scheduledFrom":true,"scheduledUntil":true,"afterScheduledFor":true,"afterId":true,"limit":true},"params":[{"name":"statuses","required":false,"transform":{"type":"scalar"},"locs":[{"a":249,"b":257},{"a":291,"b":299}]},{"name":"deviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":332,"b":340},{"a":374,"b":382}]},{"name":"scheduledFrom","required":false,"transform":{"type":"scalar"},"locs":[{"a":417,"b":430}]},{"name":"scheduledUntil","required":false,"transform":{"type":"scalar"},"locs":[{"a":471,"b":485},{"a":531,"b":545}]},{"name":"afterScheduledFor","required":false,"transform":{"type":"scalar"},"locs":[{"a":596,"b":613}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":655,"b":662}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":733,"b":739}]}],"statement":"select\n  id,\n  device_id,\n  status,\n  scheduled_for,\n  started_at,\n  completed_at,\n  claimed_by,\n  lease_until,\n  attempt,\n  job_type,\n  priority,\n  failures,\n  most_failures,\n  cancel_requested_at,\n  error_class,\n  error_message\nfrom jobs\nwhere\n  (:statuses::text[] is null or status = any(:statuses::text[]::job_status[]))\n  and (:deviceId::integer is null or device_id = :deviceId)\n  and scheduled_for >= coalesce(:scheduledFrom::timestamptz, '-infinity')\n  and (\n    :scheduledUntil::timestamptz is null\n    or scheduled_for < :scheduledUntil\n  )\n  and (scheduled_for, id)\n  < (\n    coalesce(:afterScheduledFor::timestamptz, 'infinity'),\n    coalesce(:afterId::integer, 2147483647)\n  )\norder by scheduled_for desc, id desc\nlimit :limit!::integer"};

/**
 * Jobs by scheduled time, latest first. Filters: some statuses, a device, and
 * times from the first up to but without the second.
 * For one device alone JobListByDevice is quicker.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   device_id,
 *   status,
 *   scheduled_for,
 *   started_at,
 *   completed_at,
 *   claimed_by,
 *   lease_until,
 *   attempt,
 *   job_type,
 *   priority,
 *   failures,
 *   most_failures,
 *   cancel_requested_at,
 *   error_class,
 *   error_message
 * from jobs
 * where
 *   (:statuses::text[] is null or status = any(:statuses::text[]::job_status[]))
 *   and (:deviceId::integer is null or device_id = :deviceId)
 *   and scheduled_for >= coalesce(:scheduledFrom::timestamptz, '-infinity')
 *   and (
 *     :scheduledUntil::timestamptz is null
 *     or scheduled_for < :scheduledUntil
 *   )
 *   and (scheduled_for, id)
 *   < (
 *     coalesce(:afterScheduledFor::timestamptz, 'infinity'),
 *     coalesce(:afterId::integer, 2147483647)
 *   )
 * order by scheduled_for desc, id desc
 * limit :limit!::integer
 * ```
 */
export const jobList: Query<JobListParams, JobListResult> = new Query("JobList", jobListIR, { reads: true });

/** Parameters of `JobListByDevice`. */
export interface JobListByDeviceParams {
  afterId?: number | null | undefined;
  deviceId: number;
  limit: number;
}

/** A row of `JobListByDevice`. */
export interface JobListByDeviceResult {
  /** How often the job was claimed; 0 before the first time. */
  attempt: number;
  /** When somebody asked to cancel the job while it ran; its worker sees it at its next heartbeat. */
  cancelRequestedAt: Date | null;
  /** Worker that holds or last held the job; null before the first claim. */
  claimedBy: string | null;
  /** When the job ended, whichever way; null while it has not. */
  completedAt: Date | null;
  /** The device to work on. */
  deviceId: number;
  /** What kind of thing went wrong at the last attempt that its worker ended, such as ConnectionError; null where nothing did. */
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
  mostFailures: number;
  /** Of the jobs that are due, those of a higher one start first. */
  priority: number;
  /** The job may start from this time on. */
  scheduledFor: Date;
  /** When the current or last attempt began; null before the first. */
  startedAt: Date | null;
  /** Where the job stands. */
  status: JobStatus;
}

const jobListByDeviceIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":260,"b":269}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":291,"b":298}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":345,"b":351}]}],"statement":"select\n  id,\n  device_id,\n  status,\n  scheduled_for,\n  started_at,\n  completed_at,\n  claimed_by,\n  lease_until,\n  attempt,\n  job_type,\n  priority,\n  failures,\n  most_failures,\n  cancel_requested_at,\n  error_class,\n  error_message\nfrom jobs\nwhere\n  device_id = :deviceId!\n  and id < coalesce(:afterId::integer, 2147483647)\norder by id desc\nlimit :limit!::integer"};

/**
 * Jobs of a device, the last made first.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   device_id,
 *   status,
 *   scheduled_for,
 *   started_at,
 *   completed_at,
 *   claimed_by,
 *   lease_until,
 *   attempt,
 *   job_type,
 *   priority,
 *   failures,
 *   most_failures,
 *   cancel_requested_at,
 *   error_class,
 *   error_message
 * from jobs
 * where
 *   device_id = :deviceId!
 *   and id < coalesce(:afterId::integer, 2147483647)
 * order by id desc
 * limit :limit!::integer
 * ```
 */
export const jobListByDevice: Query<JobListByDeviceParams, JobListByDeviceResult> = new Query("JobListByDevice", jobListByDeviceIR, { reads: true });

/** Parameters of `JobLatestByDevice`. */
export interface JobLatestByDeviceParams {
  deviceIds: readonly number[];
}

/** A row of `JobLatestByDevice`. */
export interface JobLatestByDeviceResult {
  /** How often the job was claimed; 0 before the first time. */
  attempt: number;
  /** When somebody asked to cancel the job while it ran; its worker sees it at its next heartbeat. */
  cancelRequestedAt: Date | null;
  /** Worker that holds or last held the job; null before the first claim. */
  claimedBy: string | null;
  /** When the job ended, whichever way; null while it has not. */
  completedAt: Date | null;
  /** The device to work on. */
  deviceId: number;
  /** What kind of thing went wrong at the last attempt that its worker ended, such as ConnectionError; null where nothing did. */
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
  mostFailures: number;
  /** Of the jobs that are due, those of a higher one start first. */
  priority: number;
  /** The job may start from this time on. */
  scheduledFor: Date;
  /** When the current or last attempt began; null before the first. */
  startedAt: Date | null;
  /** Where the job stands. */
  status: JobStatus;
}

const jobLatestByDeviceIR: QueryIR = {"usedParamSet":{"deviceIds":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":409,"b":419}]}],"statement":"select\n  jobs.id,\n  jobs.device_id,\n  jobs.status,\n  jobs.scheduled_for,\n  jobs.started_at,\n  jobs.completed_at,\n  jobs.claimed_by,\n  jobs.lease_until,\n  jobs.attempt,\n  jobs.job_type,\n  jobs.priority,\n  jobs.failures,\n  jobs.most_failures,\n  jobs.cancel_requested_at,\n  jobs.error_class,\n  jobs.error_message\nfrom device_states\njoin jobs on jobs.id = device_states.job_id\nwhere device_states.device_id = any(:deviceIds!::integer[])\norder by jobs.device_id"};

/**
 * The job that was made last for each of the devices, by device; a device
 * without a job has no row.
 * Reads.
 *
 * ```sql
 * select
 *   jobs.id,
 *   jobs.device_id,
 *   jobs.status,
 *   jobs.scheduled_for,
 *   jobs.started_at,
 *   jobs.completed_at,
 *   jobs.claimed_by,
 *   jobs.lease_until,
 *   jobs.attempt,
 *   jobs.job_type,
 *   jobs.priority,
 *   jobs.failures,
 *   jobs.most_failures,
 *   jobs.cancel_requested_at,
 *   jobs.error_class,
 *   jobs.error_message
 * from device_states
 * join jobs on jobs.id = device_states.job_id
 * where device_states.device_id = any(:deviceIds!::integer[])
 * order by jobs.device_id
 * ```
 */
export const jobLatestByDevice: Query<JobLatestByDeviceParams, JobLatestByDeviceResult> = new Query("JobLatestByDevice", jobLatestByDeviceIR, { reads: true });

/** Parameters of `JobStats`. */
export interface JobStatsParams {
  since: Date;
}

/** A row of `JobStats`. */
export interface JobStatsResult {
  cancelled: number;
  due: number;
  failed: number;
  later: number;
  medianSeconds: number | null;
  oldestDueAt: Date | null;
  p95Seconds: number | null;
  partial: number;
  running: number;
  succeeded: number;
  successRate: number | null;
}

const jobStatsIR: QueryIR = {"usedParamSet":{"since":true},"params":[{"name":"since","required":true,"transform":{"type":"scalar"},"locs":[{"a":1465,"b":1471}]}],"statement":"select\n  queue.due as \"due!\",\n  queue.later as \"later!\",\n  running.running as \"running!\",\n  queue.oldest_due_at,\n  ended.succeeded as \"succeeded!\",\n  ended.partial as \"partial!\",\n  ended.failed as \"failed!\",\n  ended.cancelled as \"cancelled!\",\n  ended.succeeded::float8\n  / nullif(ended.succeeded + ended.partial + ended.failed, 0) as success_rate,\n  ended.median_seconds,\n  ended.p95_seconds\nfrom (\n  select\n    count(*) filter (\n      where scheduled_for <= now()::timestamptz(3)\n    )::integer as due,\n    count(*) filter (\n      where scheduled_for > now()::timestamptz(3)\n    )::integer as later,\n    min(scheduled_for) filter (\n      where scheduled_for <= now()::timestamptz(3)\n    ) as oldest_due_at\n  from jobs\n  where status = 'queued'\n) as queue\ncross join (\n  select count(*)::integer as running\n  from jobs\n  where status = 'running'\n) as running\ncross join (\n  select\n    count(*) filter (where status = 'succeeded')::integer as succeeded,\n    count(*) filter (where status = 'partial')::integer as partial,\n    count(*) filter (where status = 'failed')::integer as failed,\n    count(*) filter (where status = 'cancelled')::integer as cancelled,\n    percentile_cont(0.5) within group (\n      order by extract(epoch from completed_at - started_at)::float8\n    ) as median_seconds,\n    percentile_cont(0.95) within group (\n      order by extract(epoch from completed_at - started_at)::float8\n    ) as p95_seconds\n  from jobs\n  where\n    scheduled_for >= :since!\n    and completed_at is not null\n) as ended"};

/**
 * The queue at this moment, and how the jobs ended that were due since a time:
 * seconds from the start to the end of the last attempt, and the share that
 * succeeded of those that did or failed; null where there is none.
 * Reads.
 *
 * ```sql
 * select
 *   queue.due as "due!",
 *   queue.later as "later!",
 *   running.running as "running!",
 *   queue.oldest_due_at,
 *   ended.succeeded as "succeeded!",
 *   ended.partial as "partial!",
 *   ended.failed as "failed!",
 *   ended.cancelled as "cancelled!",
 *   ended.succeeded::float8
 *   / nullif(ended.succeeded + ended.partial + ended.failed, 0) as success_rate,
 *   ended.median_seconds,
 *   ended.p95_seconds
 * from (
 *   select
 *     count(*) filter (
 *       where scheduled_for <= now()::timestamptz(3)
 *     )::integer as due,
 *     count(*) filter (
 *       where scheduled_for > now()::timestamptz(3)
 *     )::integer as later,
 *     min(scheduled_for) filter (
 *       where scheduled_for <= now()::timestamptz(3)
 *     ) as oldest_due_at
 *   from jobs
 *   where status = 'queued'
 * ) as queue
 * cross join (
 *   select count(*)::integer as running
 *   from jobs
 *   where status = 'running'
 * ) as running
 * cross join (
 *   select
 *     count(*) filter (where status = 'succeeded')::integer as succeeded,
 *     count(*) filter (where status = 'partial')::integer as partial,
 *     count(*) filter (where status = 'failed')::integer as failed,
 *     count(*) filter (where status = 'cancelled')::integer as cancelled,
 *     percentile_cont(0.5) within group (
 *       order by extract(epoch from completed_at - started_at)::float8
 *     ) as median_seconds,
 *     percentile_cont(0.95) within group (
 *       order by extract(epoch from completed_at - started_at)::float8
 *     ) as p95_seconds
 *   from jobs
 *   where
 *     scheduled_for >= :since!
 *     and completed_at is not null
 * ) as ended
 * ```
 */
export const jobStats: Query<JobStatsParams, JobStatsResult> = new Query("JobStats", jobStatsIR, { reads: true });

/** Parameters of `JobDelete`. */
export interface JobDeleteParams {
  id: number;
}

/** A row of `JobDelete`. */
export interface JobDeleteResult {
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
 * Deletes the job; its logs stay, see logsDelete. If it was its device's
 * latest, the one before it takes that place.
 * Writes jobs, device_states.
 *
 * ```sql
 * with removed as (
 *   delete from jobs
 *   where id = :id!
 *   returning id, device_id, status, scheduled_for, started_at, completed_at
 * ),
 * previous as (
 *   select max(jobs.id) as id
 *   from jobs
 *   where
 *     jobs.device_id = (select device_id from removed)
 *     and jobs.id < :id!
 * ),
 * noted as (
 *   update device_states
 *   set job_id = previous.id
 *   from removed
 *   cross join previous
 *   where
 *     device_states.device_id = removed.device_id
 *     and device_states.job_id = removed.id
 * )
 * select
 *   id,
 *   device_id,
 *   status,
 *   scheduled_for,
 *   started_at,
 *   completed_at
 * from removed
 * ```
 */
export const jobDelete: Query<JobDeleteParams, JobDeleteResult> = new Query("JobDelete", jobDeleteIR);
