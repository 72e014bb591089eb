// Generated from queries/schedules.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ScheduleInsert`. */
export interface ScheduleInsertParams {
  cron?: string | null | undefined;
  deviceId?: number | null | undefined;
  enabled?: boolean | null | undefined;
  everySeconds?: number | null | undefined;
  jobType?: string | null | undefined;
  name: string;
  nextRunAt: Date;
  priority?: number | null | undefined;
  tagNames: readonly string[];
  timeZone?: string | null | undefined;
}

/** A row of `ScheduleInsert`. */
export interface ScheduleInsertResult {
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
 * Schedules make jobs when they are due: of a device, or of those with tags.
 * Makes a schedule; no row where one of the tags does not exist. scheduleCreate
 * checks when it is due first.
 * Writes schedules, schedule_tags.
 *
 * ```sql
 * with inserted as (
 *   insert into schedules (
 *     name,
 *     cron,
 *     every_seconds,
 *     time_zone,
 *     device_id,
 *     job_type,
 *     priority,
 *     enabled,
 *     next_run_at
 *   )
 *   select
 *     :name!,
 *     :cron::text,
 *     :everySeconds::integer,
 *     coalesce(:timeZone::text, 'UTC'),
 *     :deviceId::integer,
 *     coalesce(:jobType::text, 'backup'),
 *     coalesce(:priority::smallint, 0),
 *     coalesce(:enabled::boolean, true),
 *     :nextRunAt!::timestamptz
 *   where
 *     not exists (
 *       select
 *       from unnest(:tagNames!::text[]) as given (name)
 *       where given.name not in (select tags.name from tags)
 *     )
 *   returning
 *     id,
 *     name,
 *     cron,
 *     every_seconds,
 *     time_zone,
 *     device_id,
 *     job_type,
 *     priority,
 *     enabled,
 *     next_run_at,
 *     last_run_at
 * ),
 * tagged as (
 *   insert into schedule_tags (schedule_id, tag_id)
 *   select
 *     inserted.id,
 *     tags.id
 *   from inserted
 *   join tags on tags.name = any(:tagNames!::text[])
 * )
 * select
 *   id,
 *   name,
 *   cron,
 *   every_seconds,
 *   time_zone,
 *   device_id,
 *   job_type,
 *   priority,
 *   enabled,
 *   next_run_at,
 *   last_run_at
 * from inserted
 * ```
 */
export const scheduleInsert: Query<ScheduleInsertParams, ScheduleInsertResult> = new Query("ScheduleInsert", scheduleInsertIR);

/** Parameters of `ScheduleGet`. */
export interface ScheduleGetParams {
  id: number;
}

/** A row of `ScheduleGet`. */
export interface ScheduleGetResult {
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
  /** When it last made jobs; null before the first time. */
  lastRunAt: Date | null;
  /** What people call it; unique, case counts. */
  name: string;
  /** When it is due. Who moves it on makes the jobs, so that they are made once. */
  nextRunAt: Date;
  now: Date;
  /** The priority of its jobs. */
  priority: number;
  tagNames: string[];
  /** The IANA time zone that the cron expression is read in. */
  timeZone: string;
}

const scheduleGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":393,"b":396}]}],"statement":"select\n  id,\n  name,\n  cron,\n  every_seconds,\n  time_zone,\n  device_id,\n  array(\n    select tags.name\n    from schedule_tags\n    join tags on tags.id = schedule_tags.tag_id\n    where schedule_tags.schedule_id = schedules.id\n    order by tags.name\n  ) as \"tag_names!\",\n  priority,\n  enabled,\n  next_run_at,\n  last_run_at,\n  date_trunc('milliseconds', now()) as \"now!\"\nfrom schedules\nwhere id = :id!"};

/**
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   name,
 *   cron,
 *   every_seconds,
 *   time_zone,
 *   device_id,
 *   array(
 *     select tags.name
 *     from schedule_tags
 *     join tags on tags.id = schedule_tags.tag_id
 *     where schedule_tags.schedule_id = schedules.id
 *     order by tags.name
 *   ) as "tag_names!",
 *   priority,
 *   enabled,
 *   next_run_at,
 *   last_run_at,
 *   date_trunc('milliseconds', now()) as "now!"
 * from schedules
 * where id = :id!
 * ```
 */
export const scheduleGet: Query<ScheduleGetParams, ScheduleGetResult> = new Query("ScheduleGet", scheduleGetIR, { reads: true });

/** Parameters of `ScheduleList`. */
export interface ScheduleListParams {
  afterName?: string | null | undefined;
  limit: number;
}

/** A row of `ScheduleList`. */
export interface ScheduleListResult {
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
  /** When it last made jobs; null before the first time. */
  lastRunAt: Date | null;
  /** What people call it; unique, case counts. */
  name: string;
  /** When it is due. Who moves it on makes the jobs, so that they are made once. */
  nextRunAt: Date;
  /** The priority of its jobs. */
  priority: number;
  tagNames: string[];
  /** The IANA time zone that the cron expression is read in. */
  timeZone: string;
}

const scheduleListIR: QueryIR = {"usedParamSet":{"afterName":true,"limit":true},"params":[{"name":"afterName","required":false,"transform":{"type":"scalar"},"locs":[{"a":357,"b":366}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":399,"b":405}]}],"statement":"select\n  id,\n  name,\n  cron,\n  every_seconds,\n  time_zone,\n  device_id,\n  array(\n    select tags.name\n    from schedule_tags\n    join tags on tags.id = schedule_tags.tag_id\n    where schedule_tags.schedule_id = schedules.id\n    order by tags.name\n  ) as \"tag_names!\",\n  priority,\n  enabled,\n  next_run_at,\n  last_run_at\nfrom schedules\nwhere name > coalesce(:afterName::text, '')\norder by name\nlimit :limit!::integer"};

/**
 * Schedules with their tags, by name.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   name,
 *   cron,
 *   every_seconds,
 *   time_zone,
 *   device_id,
 *   array(
 *     select tags.name
 *     from schedule_tags
 *     join tags on tags.id = schedule_tags.tag_id
 *     where schedule_tags.schedule_id = schedules.id
 *     order by tags.name
 *   ) as "tag_names!",
 *   priority,
 *   enabled,
 *   next_run_at,
 *   last_run_at
 * from schedules
 * where name > coalesce(:afterName::text, '')
 * order by name
 * limit :limit!::integer
 * ```
 */
export const scheduleList: Query<ScheduleListParams, ScheduleListResult> = new Query("ScheduleList", scheduleListIR, { reads: true });

/** Parameters of `ScheduleUpdate`. */
export interface ScheduleUpdateParams {
  cron?: string | null | undefined;
  enabled?: boolean | null | undefined;
  everySeconds?: number | null | undefined;
  id: number;
  jobType?: string | null | undefined;
  name?: string | null | undefined;
  nextRunAt: Date;
  priority?: number | null | undefined;
  timeZone?: string | null | undefined;
}

/** A row of `ScheduleUpdate`. */
export interface ScheduleUpdateResult {
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

const scheduleUpdateIR: QueryIR = {"usedParamSet":{"name":true,"everySeconds":true,"cron":true,"timeZone":true,"jobType":true,"priority":true,"enabled":true,"nextRunAt":true,"id":true},"params":[{"name":"name","required":false,"transform":{"type":"scalar"},"locs":[{"a":39,"b":43}]},{"name":"everySeconds","required":false,"transform":{"type":"scalar"},"locs":[{"a":82,"b":94},{"a":219,"b":231}]},{"name":"cron","required":false,"transform":{"type":"scalar"},"locs":[{"a":127,"b":131},{"a":185,"b":189}]},{"name":"timeZone","required":false,"transform":{"type":"scalar"},"locs":[{"a":288,"b":296}]},{"name":"jobType","required":false,"transform":{"type":"scalar"},"locs":[{"a":339,"b":346}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":388,"b":396}]},{"name":"enabled","required":false,"transform":{"type":"scalar"},"locs":[{"a":441,"b":448}]},{"name":"nextRunAt","required":true,"transform":{"type":"scalar"},"locs":[{"a":486,"b":496}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":522,"b":525}]}],"statement":"update schedules\nset\n  name = coalesce(:name::text, name),\n  cron = case\n    when :everySeconds::integer is null then coalesce(:cron::text, cron)\n  end,\n  every_seconds = case\n    when :cron::text is null then coalesce(:everySeconds::integer, every_seconds)\n  end,\n  time_zone = coalesce(:timeZone::text, time_zone),\n  job_type = coalesce(:jobType::text, job_type),\n  priority = coalesce(:priority::smallint, priority),\n  enabled = coalesce(:enabled::boolean, enabled),\n  next_run_at = :nextRunAt!::timestamptz\nwhere id = :id!\nreturning\n  id,\n  name,\n  cron,\n  every_seconds,\n  time_zone,\n  device_id,\n  job_type,\n  priority,\n  enabled,\n  next_run_at,\n  last_run_at"};

/**
 * Changes when a schedule is due; what is absent stays. A cron expression takes
 * the place of an interval, and the other way round. scheduleChange finds out
 * the next time.
 * Writes schedules.
 *
 * ```sql
 * update schedules
 * set
 *   name = coalesce(:name::text, name),
 *   cron = case
 *     when :everySeconds::integer is null then coalesce(:cron::text, cron)
 *   end,
 *   every_seconds = case
 *     when :cron::text is null then coalesce(:everySeconds::integer, every_seconds)
 *   end,
 *   time_zone = coalesce(:timeZone::text, time_zone),
 *   job_type = coalesce(:jobType::text, job_type),
 *   priority = coalesce(:priority::smallint, priority),
 *   enabled = coalesce(:enabled::boolean, enabled),
 *   next_run_at = :nextRunAt!::timestamptz
 * where id = :id!
 * returning
 *   id,
 *   name,
 *   cron,
 *   every_seconds,
 *   time_zone,
 *   device_id,
 *   job_type,
 *   priority,
 *   enabled,
 *   next_run_at,
 *   last_run_at
 * ```
 */
export const scheduleUpdate: Query<ScheduleUpdateParams, ScheduleUpdateResult> = new Query("ScheduleUpdate", scheduleUpdateIR);

/** Parameters of `ScheduleDueList`. */
export interface ScheduleDueListParams {
  limit: number;
}

/** A row of `ScheduleDueList`. */
export interface ScheduleDueListResult {
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
  now: Date;
  /** The IANA time zone that the cron expression is read in. */
  timeZone: string;
}

const scheduleDueListIR: QueryIR = {"usedParamSet":{"limit":true},"params":[{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":225,"b":231}]}],"statement":"select\n  id,\n  name,\n  cron,\n  every_seconds,\n  time_zone,\n  next_run_at,\n  date_trunc('milliseconds', now()) as \"now!\"\nfrom schedules\nwhere\n  enabled\n  and next_run_at <= now()::timestamptz(3)\norder by next_run_at, id\nlimit :limit!::integer"};

/**
 * Schedules that are due, the longest first, and what time it is.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   name,
 *   cron,
 *   every_seconds,
 *   time_zone,
 *   next_run_at,
 *   date_trunc('milliseconds', now()) as "now!"
 * from schedules
 * where
 *   enabled
 *   and next_run_at <= now()::timestamptz(3)
 * order by next_run_at, id
 * limit :limit!::integer
 * ```
 */
export const scheduleDueList: Query<ScheduleDueListParams, ScheduleDueListResult> = new Query("ScheduleDueList", scheduleDueListIR, { reads: true });

/** Parameters of `ScheduleRun`. */
export interface ScheduleRunParams {
  dueAts: readonly Date[];
  ids: readonly number[];
  nextAts: readonly Date[];
}

/** A row of `ScheduleRun`. */
export interface ScheduleRunResult {
  enabled: boolean;
  /** Identity of the schedule. */
  id: number;
  jobs: number;
}

const scheduleRunIR: QueryIR = {"usedParamSet":{"ids":true,"dueAts":true,"nextAts":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":76,"b":80}]},{"name":"dueAts","required":true,"transform":{"type":"scalar"},"locs":[{"a":98,"b":105}]},{"name":"nextAts","required":true,"transform":{"type":"scalar"},"locs":[{"a":127,"b":135}]}],"statement":"with given as (\n  select\n    id,\n    due_at,\n    next_at\n  from unnest(\n    :ids!::integer[],\n    :dueAts!::timestamptz[],\n    :nextAts!::timestamptz[]\n  ) as given (id, due_at, next_at)\n),\ndue as materialized (\n  select\n    schedules.id,\n    schedules.device_id,\n    schedules.job_type,\n    schedules.priority,\n    given.next_at\n  from schedules\n  join given on given.id = schedules.id\n  where\n    schedules.enabled\n    and schedules.next_run_at = given.due_at\n  order by schedules.id\n  for no key update of schedules skip locked\n),\nmoved as (\n  update schedules\n  set\n    last_run_at = date_trunc('milliseconds', now()),\n    next_run_at = coalesce(due.next_at, schedules.next_run_at),\n    enabled = due.next_at is not null\n  from due\n  where schedules.id = due.id\n),\nwanted as (\n  select distinct on (device_id, job_type)\n    device_id,\n    job_type,\n    schedule_id,\n    priority\n  from (\n    select\n      device_id,\n      job_type,\n      id as schedule_id,\n      priority\n    from due\n    where device_id is not null\n    union all\n    select\n      device_tags.device_id,\n      due.job_type,\n      due.id,\n      due.priority\n    from due\n    join schedule_tags on schedule_tags.schedule_id = due.id\n    join device_tags on device_tags.tag_id = schedule_tags.tag_id\n  ) as device\n  order by device_id, job_type, priority desc, schedule_id\n),\ninserted as (\n  insert into jobs (device_id, job_type, priority)\n  select\n    device_id,\n    job_type,\n    priority\n  from wanted\n  where\n    not exists (\n      select\n      from jobs as waiting\n      where\n        waiting.device_id = wanted.device_id\n        and waiting.job_type = wanted.job_type\n        and waiting.status = 'queued'\n    )\n  order by device_id\n  returning id, device_id\n),\nnoted as (\n  insert into device_states (device_id, job_id)\n  select\n    device_id,\n    max(id)\n  from inserted\n  group by device_id\n  order by device_id\n  on conflict (device_id) do update\n  set job_id = greatest(device_states.job_id, excluded.job_id)\n)\nselect\n  due.id as \"id!\",\n  due.next_at is not null as \"enabled!\",\n  count(inserted.id)::integer as \"jobs!\"\nfrom due\nleft join wanted on wanted.schedule_id = due.id\nleft join inserted on inserted.device_id = wanted.device_id\ncross join pg_notify('netraven_jobs', '')\ngroup by due.id, due.next_at\norder by due.id"};

/**
 * Makes the jobs of schedules, each only while it is still due at the time
 * given, and moves it on to its next time; without one it is disabled. Whoever
 * comes second finds another time and makes none. A device that has a job of
 * the type waiting gets no other, nor does one that is in several of them get
 * two. Says for each schedule that was run how many jobs it made.
 * Writes schedules, jobs, device_states.
 *
 * ```sql
 * with given as (
 *   select
 *     id,
 *     due_at,
 *     next_at
 *   from unnest(
 *     :ids!::integer[],
 *     :dueAts!::timestamptz[],
 *     :nextAts!::timestamptz[]
 *   ) as given (id, due_at, next_at)
 * ),
 * due as materialized (
 *   select
 *     schedules.id,
 *     schedules.device_id,
 *     schedules.job_type,
 *     schedules.priority,
 *     given.next_at
 *   from schedules
 *   join given on given.id = schedules.id
 *   where
 *     schedules.enabled
 *     and schedules.next_run_at = given.due_at
 *   order by schedules.id
 *   for no key update of schedules skip locked
 * ),
 * moved as (
 *   update schedules
 *   set
 *     last_run_at = date_trunc('milliseconds', now()),
 *     next_run_at = coalesce(due.next_at, schedules.next_run_at),
 *     enabled = due.next_at is not null
 *   from due
 *   where schedules.id = due.id
 * ),
 * wanted as (
 *   select distinct on (device_id, job_type)
 *     device_id,
 *     job_type,
 *     schedule_id,
 *     priority
 *   from (
 *     select
 *       device_id,
 *       job_type,
 *       id as schedule_id,
 *       priority
 *     from due
 *     where device_id is not null
 *     union all
 *     select
 *       device_tags.device_id,
 *       due.job_type,
 *       due.id,
 *       due.priority
 *     from due
 *     join schedule_tags on schedule_tags.schedule_id = due.id
 *     join device_tags on device_tags.tag_id = schedule_tags.tag_id
 *   ) as device
 *   order by device_id, job_type, priority desc, schedule_id
 * ),
 * inserted as (
 *   insert into jobs (device_id, job_type, priority)
 *   select
 *     device_id,
 *     job_type,
 *     priority
 *   from wanted
 *   where
 *     not exists (
 *       select
 *       from jobs as waiting
 *       where
 *         waiting.device_id = wanted.device_id
 *         and waiting.job_type = wanted.job_type
 *         and waiting.status = 'queued'
 *     )
 *   order by device_id
 *   returning id, device_id
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
 *   due.id as "id!",
 *   due.next_at is not null as "enabled!",
 *   count(inserted.id)::integer as "jobs!"
 * from due
 * left join wanted on wanted.schedule_id = due.id
 * left join inserted on inserted.device_id = wanted.device_id
 * cross join pg_notify('netraven_jobs', '')
 * group by due.id, due.next_at
 * order by due.id
 * ```
 */
export const scheduleRun: Query<ScheduleRunParams, ScheduleRunResult> = new Query("ScheduleRun", scheduleRunIR);

/** Parameters of `ScheduleDelete`. */
export interface ScheduleDeleteParams {
  id: number;
}

/** A row of `ScheduleDelete`. */
export interface ScheduleDeleteResult {
  /** Identity of the schedule. */
  id: number;
  /** What people call it; unique, case counts. */
  name: string;
}

const scheduleDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":33,"b":36}]}],"statement":"delete from schedules\nwhere id = :id!\nreturning id, name"};

/**
 * Deletes a schedule; the jobs that it made stay.
 * Writes schedules.
 *
 * ```sql
 * delete from schedules
 * where id = :id!
 * returning id, name
 * ```
 */
export const scheduleDelete: Query<ScheduleDeleteParams, ScheduleDeleteResult> = new Query("ScheduleDelete", scheduleDeleteIR);
