// Generated from queries/schedules.sql by make generate. Do not edit.
/**
 * Schedules create jobs when they are due, for one device or for devices with
 * tags.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { Query, type QueryIR } from "../../query.ts";

/** Parameters of `ScheduleInsert`. */
export interface ScheduleInsertParams {
  /** When, as five fields of cron; null where it has an interval. */
  cron?: string | null | undefined;
  /** The device; null where it is for tags. */
  deviceId?: number | null | undefined;
  /** Defaults to true. */
  enabled?: boolean | null | undefined;
  /** How often, in seconds; null where it has a cron expression. */
  everySeconds?: number | null | undefined;
  /** Defaults to backup. */
  jobType?: string | null | undefined;
  /** What people call it; unique, case counts. */
  name: string;
  /** When it is due. Who moves it on makes the jobs, so that they are made once. */
  nextRunAt: Date;
  /** Priority of its jobs. Defaults to 0. */
  priority?: number | null | undefined;
  tagNames: readonly string[];
  /** Defaults to UTC. */
  timeZone?: string | null | undefined;
}

/** A row of `ScheduleInsert`, `ScheduleUpdate`. */
export interface Schedule {
  /** When, as five fields of cron; null where it has an interval. */
  cron: string | null;
  /** The device; null where it is for tags. */
  deviceId: number | null;
  /** Whether it makes jobs. */
  enabled: boolean;
  /** How often, in seconds; null where it has a cron expression. */
  everySeconds: number | null;
  /** Identity of the schedule. */
  id: number;
  /** The type of its jobs. */
  jobType: string;
  /** When it last made jobs; null before the first time. */
  lastRunAt: Date | null;
  /** What people call it; unique, case counts. */
  name: string;
  /** When it is due. Who moves it on makes the jobs, so that they are made once. */
  nextRunAt: Date;
  /** The priority of its jobs. */
  priority: number;
  /** The IANA time zone that the cron expression is read in. */
  timeZone: string;
}

const scheduleInsertIR: QueryIR = {"usedParamSet":{"name":true,"cron":true,"everySeconds":true,"timeZone":true,"deviceId":true,"jobType":true,"priority":true,"enabled":true,"nextRunAt":true,"tagNames":true},"params":[{"name":"name","required":true,"transform":{"type":"scalar"},"locs":[{"a":188,"b":193}]},{"name":"cron","required":false,"transform":{"type":"scalar"},"locs":[{"a":200,"b":204}]},{"name":"everySeconds","required":false,"transform":{"type":"scalar"},"locs":[{"a":217,"b":229}]},{"name":"timeZone","required":false,"transform":{"type":"scalar"},"locs":[{"a":254,"b":262}]},{"name":"deviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":283,"b":291}]},{"name":"jobType","required":false,"transform":{"type":"scalar"},"locs":[{"a":316,"b":323}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":356,"b":364}]},{"name":"enabled","required":false,"transform":{"type":"scalar"},"locs":[{"a":394,"b":401}]},{"name":"nextRunAt","required":true,"transform":{"type":"scalar"},"locs":[{"a":424,"b":434}]},{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":505,"b":514},{"a":919,"b":928}]}],"statement":"with inserted as (\n  insert into schedules (\n    name,\n    cron,\n    every_seconds,\n    time_zone,\n    device_id,\n    job_type,\n    priority,\n    enabled,\n    next_run_at\n  )\n  select\n    :name!,\n    :cron::text,\n    :everySeconds::integer,\n    coalesce(:timeZone::text, 'UTC'),\n    :deviceId::integer,\n    coalesce(:jobType::text, 'backup'),\n    coalesce(:priority::smallint, 0),\n    coalesce(:enabled::boolean, true),\n    :nextRunAt!::timestamptz\n  where\n    not exists (\n      select\n      from unnest(:tagNames!::text[]) as given (name)\n      where given.name not in (select tags.name from tags)\n    )\n  returning\n    id,\n    name,\n    cron,\n    every_seconds,\n    time_zone,\n    device_id,\n    job_type,\n    priority,\n    enabled,\n    next_run_at,\n    last_run_at\n),\ntagged as (\n  insert into schedule_tags (schedule_id, tag_id)\n  select\n    inserted.id,\n    tags.id\n  from inserted\n  join tags on tags.name = any(:tagNames!::text[])\n)\nselect\n  id,\n  name,\n  cron,\n  every_seconds,\n  time_zone,\n  device_id,\n  job_type,\n  priority,\n  enabled,\n  next_run_at,\n  last_run_at\nfrom inserted"};

/**
 * Creates a schedule. Returns no row if one of the tags does not exist.
 * scheduleCreate first determines when the schedule is due.
 * Internal: a step of scheduleCreate.
 * Writes schedules, schedule_tags.
 */
export const scheduleInsert: Query<ScheduleInsertParams, Schedule> = new Query("ScheduleInsert", scheduleInsertIR);

/** Parameters of `ScheduleUpdate`. */
export interface ScheduleUpdateParams {
  /** When, as five fields of cron; null where it has an interval. */
  cron?: string | null | undefined;
  /** Defaults to the current value. */
  enabled?: boolean | null | undefined;
  /** How often, in seconds; null where it has a cron expression. */
  everySeconds?: number | null | undefined;
  /** Identity of the schedule. */
  id: number;
  /** Defaults to the current type. */
  jobType?: string | null | undefined;
  /** Defaults to the current name. */
  name?: string | null | undefined;
  /** When it is due. Who moves it on makes the jobs, so that they are made once. */
  nextRunAt: Date;
  /** Defaults to the current priority. */
  priority?: number | null | undefined;
  /** Defaults to the current time zone. */
  timeZone?: string | null | undefined;
}

const scheduleUpdateIR: QueryIR = {"usedParamSet":{"name":true,"everySeconds":true,"cron":true,"timeZone":true,"jobType":true,"priority":true,"enabled":true,"nextRunAt":true,"id":true},"params":[{"name":"name","required":false,"transform":{"type":"scalar"},"locs":[{"a":39,"b":43}]},{"name":"everySeconds","required":false,"transform":{"type":"scalar"},"locs":[{"a":82,"b":94},{"a":219,"b":231}]},{"name":"cron","required":false,"transform":{"type":"scalar"},"locs":[{"a":127,"b":131},{"a":185,"b":189}]},{"name":"timeZone","required":false,"transform":{"type":"scalar"},"locs":[{"a":288,"b":296}]},{"name":"jobType","required":false,"transform":{"type":"scalar"},"locs":[{"a":339,"b":346}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":388,"b":396}]},{"name":"enabled","required":false,"transform":{"type":"scalar"},"locs":[{"a":441,"b":448}]},{"name":"nextRunAt","required":true,"transform":{"type":"scalar"},"locs":[{"a":486,"b":496}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":522,"b":525}]}],"statement":"update schedules\nset\n  name = coalesce(:name::text, name),\n  cron = case\n    when :everySeconds::integer is null then coalesce(:cron::text, cron)\n  end,\n  every_seconds = case\n    when :cron::text is null then coalesce(:everySeconds::integer, every_seconds)\n  end,\n  time_zone = coalesce(:timeZone::text, time_zone),\n  job_type = coalesce(:jobType::text, job_type),\n  priority = coalesce(:priority::smallint, priority),\n  enabled = coalesce(:enabled::boolean, enabled),\n  next_run_at = :nextRunAt!::timestamptz\nwhere id = :id!\nreturning\n  id,\n  name,\n  cron,\n  every_seconds,\n  time_zone,\n  device_id,\n  job_type,\n  priority,\n  enabled,\n  next_run_at,\n  last_run_at"};

/**
 * Changes the given fields and keeps the others. A cron expression replaces an
 * interval, and the other way round. scheduleChange determines the next time.
 * Internal: a step of scheduleChange.
 * Writes schedules.
 */
export const scheduleUpdate: Query<ScheduleUpdateParams, Schedule> = new Query("ScheduleUpdate", scheduleUpdateIR);

/** Parameters of `ScheduleDueList`. */
export interface ScheduleDueListParams {
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `ScheduleDueList`. */
export interface ScheduleDueListRow {
  /** When, as five fields of cron; null where it has an interval. */
  cron: string | null;
  /** How often, in seconds; null where it has a cron expression. */
  everySeconds: number | null;
  /** Identity of the schedule. */
  id: number;
  /** What people call it; unique, case counts. */
  name: string;
  /** When it is due. Who moves it on makes the jobs, so that they are made once. */
  nextRunAt: Date;
  /** Server time. */
  now: Date;
  /** The IANA time zone that the cron expression is read in. */
  timeZone: string;
}

const scheduleDueListIR: QueryIR = {"usedParamSet":{"limit":true},"params":[{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":225,"b":231}]}],"statement":"select\n  id,\n  name,\n  cron,\n  every_seconds,\n  time_zone,\n  next_run_at,\n  date_trunc('milliseconds', now()) as \"now!\"\nfrom schedules\nwhere\n  enabled\n  and next_run_at <= now()::timestamptz(3)\norder by next_run_at, id\nlimit :limit!::integer"};

/**
 * Lists schedules that are due, longest due first, with the server time.
 * Internal: a step of scheduleRunDue.
 * Reads.
 */
export const scheduleDueList: Query<ScheduleDueListParams, ScheduleDueListRow> = new Query("ScheduleDueList", scheduleDueListIR, { reads: true });

/** Parameters of `ScheduleRun`. */
export interface ScheduleRunParams {
  /** When each schedule was due, as it was read. */
  dueAts: readonly Date[];
  ids: readonly number[];
  /** Next time of each schedule; null disables it. */
  nextAts: readonly (Date | null)[];
}

/** A row of `ScheduleRun`. */
export interface ScheduleRunRow {
  /** False: the schedule has no next time and was disabled. */
  enabled: boolean;
  /** Identity of the schedule. */
  id: number;
  /** Number of jobs that were created. */
  jobs: number;
}

const scheduleRunIR: QueryIR = {"usedParamSet":{"ids":true,"dueAts":true,"nextAts":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":46,"b":50}]},{"name":"dueAts","required":true,"transform":{"type":"scalar"},"locs":[{"a":68,"b":75}]},{"name":"nextAts","required":true,"transform":{"type":"scalar"},"locs":[{"a":97,"b":105}]}],"statement":"with given as (\n  select *\n  from unnest(\n    :ids!::integer[],\n    :dueAts!::timestamptz[],\n    :nextAts!::timestamptz[]\n  ) as given (id, due_at, next_at)\n),\ndue as materialized (\n  select\n    schedules.id,\n    schedules.device_id,\n    schedules.job_type,\n    schedules.priority,\n    given.next_at\n  from schedules\n  join given on given.id = schedules.id\n  where\n    schedules.enabled\n    and schedules.next_run_at = given.due_at\n  order by schedules.id\n  for no key update of schedules skip locked\n),\nmoved as (\n  update schedules\n  set\n    last_run_at = date_trunc('milliseconds', now()),\n    next_run_at = coalesce(due.next_at, schedules.next_run_at),\n    enabled = due.next_at is not null\n  from due\n  where schedules.id = due.id\n),\nwanted as (\n  select distinct on (device_id, job_type)\n    device_id,\n    job_type,\n    schedule_id,\n    priority\n  from (\n    select\n      device_id,\n      job_type,\n      id as schedule_id,\n      priority\n    from due\n    where device_id is not null\n    union all\n    select\n      device_tags.device_id,\n      due.job_type,\n      due.id,\n      due.priority\n    from due\n    join schedule_tags on schedule_tags.schedule_id = due.id\n    join device_tags on device_tags.tag_id = schedule_tags.tag_id\n  ) as device\n  order by device_id, job_type, priority desc, schedule_id\n),\ninserted as (\n  insert into jobs (device_id, job_type, priority)\n  select\n    device_id,\n    job_type,\n    priority\n  from wanted\n  where\n    not exists (\n      select\n      from jobs as waiting\n      where\n        waiting.device_id = wanted.device_id\n        and waiting.job_type = wanted.job_type\n        and waiting.status = 'queued'\n    )\n  order by device_id\n  returning id, device_id\n),\nnoted as (\n  insert into device_states (device_id, job_id)\n  select\n    device_id,\n    max(id)\n  from inserted\n  group by device_id\n  order by device_id\n  on conflict (device_id) do update\n  set job_id = greatest(device_states.job_id, excluded.job_id)\n)\nselect\n  due.id as \"id!\",\n  due.next_at is not null as \"enabled!\",\n  count(inserted.id)::integer as \"jobs!\"\nfrom due\nleft join wanted on wanted.schedule_id = due.id\nleft join inserted on inserted.device_id = wanted.device_id\ncross join pg_notify('netraven_jobs', '')\ngroup by due.id, due.next_at\norder by due.id"};

/**
 * Creates the jobs of schedules that are still due at the given times, and
 * moves each schedule to its next time. A schedule without a next time is
 * disabled. A concurrent second call finds another time and creates no jobs. A
 * device that already has a queued job of the type gets no other, and a device
 * in several schedules gets one job of a type. Returns each schedule that was
 * run.
 * Internal: a step of scheduleRunDue.
 * Writes schedules, jobs, device_states.
 */
export const scheduleRun: Query<ScheduleRunParams, ScheduleRunRow> = new Query("ScheduleRun", scheduleRunIR);
