// Generated from queries/schedules.sql by make generate. Do not edit.
/**
 * Schedules create jobs when they are due, for one device or for devices with
 * tags.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ScheduleGet`. */
export interface ScheduleGetParams {
  /** Identity of the schedule. */
  id: number;
}

/** A row of `ScheduleGet`. */
export interface ScheduleGetRow {
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
  /** Server time. */
  now: Date;
  /** The priority of its jobs. */
  priority: number;
  /** Names of its tags, sorted. */
  tagNames: string[];
  /** The IANA time zone that the cron expression is read in. */
  timeZone: string;
}

const scheduleGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":265,"b":268}]}],"statement":"select\n  id,\n  name,\n  cron,\n  every_seconds,\n  time_zone,\n  device_id,\n  names as \"tag_names!\",\n  priority,\n  enabled,\n  next_run_at,\n  last_run_at,\n  date_trunc('milliseconds', now()) as \"now!\"\nfrom schedules\ncross join schedule_tag_names(id) as names\nwhere id = :id!"};

/** Reads. */
export const scheduleGet: Query<ScheduleGetParams, ScheduleGetRow> = new Query("ScheduleGet", scheduleGetIR, { reads: true });

/** Parameters of `ScheduleList`. */
export interface ScheduleListParams {
  /** The name of the last row of the previous page. */
  afterName?: string | null | undefined;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `ScheduleList`. */
export interface ScheduleListRow {
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
  /** Names of its tags, sorted. */
  tagNames: string[];
  /** The IANA time zone that the cron expression is read in. */
  timeZone: string;
}

const scheduleListIR: QueryIR = {"usedParamSet":{"afterName":true,"limit":true},"params":[{"name":"afterName","required":false,"transform":{"type":"scalar"},"locs":[{"a":229,"b":238}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":271,"b":277}]}],"statement":"select\n  id,\n  name,\n  cron,\n  every_seconds,\n  time_zone,\n  device_id,\n  names as \"tag_names!\",\n  priority,\n  enabled,\n  next_run_at,\n  last_run_at\nfrom schedules\ncross join schedule_tag_names(id) as names\nwhere name > coalesce(:afterName::text, '')\norder by name\nlimit :limit!::integer"};

/**
 * Lists schedules with their tags, by name.
 * Reads.
 */
export const scheduleList: Query<ScheduleListParams, ScheduleListRow> = new Query("ScheduleList", scheduleListIR, { reads: true });

/** Parameters of `ScheduleDelete`. */
export interface ScheduleDeleteParams {
  /** Identity of the schedule. */
  id: number;
}

/** A row of `ScheduleDelete`. */
export interface ScheduleDeleteRow {
  /** Identity of the schedule. */
  id: number;
  /** What people call it; unique, case counts. */
  name: string;
}

const scheduleDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":33,"b":36}]}],"statement":"delete from schedules\nwhere id = :id!\nreturning id, name"};

/**
 * Deletes a schedule. The jobs that it created stay.
 * Writes schedules.
 */
export const scheduleDelete: Query<ScheduleDeleteParams, ScheduleDeleteRow> = new Query("ScheduleDelete", scheduleDeleteIR);
