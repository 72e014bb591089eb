// Generated from queries/config_changes.sql by make generate. Do not edit.
/**
 * Changes of configurations over time, across all devices.
 *
 * @module
 */
import type { Json } from "../json.ts";
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConfigChangeList`. */
export interface ConfigChangeListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The retrievedAt of the last row of the previous page. */
  afterRetrievedAt?: Date | null | undefined;
  /** Only these devices. */
  deviceIds?: readonly number[] | null | undefined;
  /** From this time on. */
  from: Date;
  /** Maximum rows to return. */
  limit: number;
  /** Only devices that carry one of these tags. */
  tagNames?: readonly string[] | null | undefined;
  /** Before this time. */
  until: Date;
}

/** A row of `ConfigChangeList`. */
export interface ConfigChange {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /**
   * The version that added and removed count from; null for the first one and while it is not
   * indexed.
   */
  previousId: number | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configChangeListIR: QueryIR = {"usedParamSet":{"from":true,"until":true,"deviceIds":true,"tagNames":true,"afterRetrievedAt":true,"afterId":true,"limit":true},"params":[{"name":"from","required":true,"transform":{"type":"scalar"},"locs":[{"a":396,"b":401}]},{"name":"until","required":true,"transform":{"type":"scalar"},"locs":[{"a":446,"b":452}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":466,"b":475},{"a":541,"b":550}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":569,"b":577},{"a":674,"b":682}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":783,"b":799}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":841,"b":848}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":974,"b":980}]}],"statement":"select\n  device_configurations.id,\n  device_configurations.device_id,\n  devices.hostname,\n  device_configurations.retrieved_at,\n  device_configurations.previous_id,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.metadata\nfrom device_configurations\njoin devices on devices.id = device_configurations.device_id\nwhere\n  device_configurations.retrieved_at >= :from!\n  and device_configurations.retrieved_at < :until!\n  and (\n    :deviceIds::integer[] is null\n    or device_configurations.device_id = any(:deviceIds)\n  )\n  and (\n    :tagNames::text[] is null\n    or device_configurations.device_id in (\n      select * from devices_tagged(:tagNames)\n    )\n  )\n  and (device_configurations.retrieved_at, device_configurations.id)\n  < (\n    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by\n  device_configurations.retrieved_at desc,\n  device_configurations.id desc\nlimit :limit!::integer"};

/**
 * Lists versions that changed a device, newest first. The first version of a
 * device has no previous_id; configDiff shows what any other version changed.
 * Reads.
 */
export const configChangeList: Query<ConfigChangeListParams, ConfigChange> = new Query("ConfigChangeList", configChangeListIR, { reads: true });

/** Parameters of `ConfigCalendarList`. */
export interface ConfigCalendarListParams {
  /** From this time on. */
  from: Date;
  /** Only devices that carry one of these tags. */
  tagNames?: readonly string[] | null | undefined;
  /** Before this time. */
  until: Date;
  /** Time zone of the days, such as Europe/Berlin. */
  zone: string;
}

/** A row of `ConfigCalendarList`. */
export interface ConfigCalendarListRow {
  added: number;
  /** Versions that are not the first of their device. */
  changes: number;
  /** Date as YYYY-MM-DD. */
  day: string;
  /** Devices that changed. */
  devices: number;
  /** Devices that were read for the first time. */
  firstRead: number;
  removed: number;
}

const configCalendarListIR: QueryIR = {"usedParamSet":{"zone":true,"from":true,"until":true,"tagNames":true},"params":[{"name":"zone","required":true,"transform":{"type":"scalar"},"locs":[{"a":43,"b":48}]},{"name":"from","required":true,"transform":{"type":"scalar"},"locs":[{"a":558,"b":563}]},{"name":"until","required":true,"transform":{"type":"scalar"},"locs":[{"a":586,"b":592}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":606,"b":614},{"a":682,"b":690}]}],"statement":"select\n  to_char(retrieved_at at time zone :zone!, 'YYYY-MM-DD') as \"day!\",\n  (count(*) filter (where previous_id is not null))::integer as \"changes!\",\n  (count(distinct device_id) filter (where previous_id is not null))::integer\n    as \"devices!\",\n  coalesce(sum(added) filter (where previous_id is not null), 0)::bigint\n    as \"added!\",\n  coalesce(sum(removed) filter (where previous_id is not null), 0)::bigint\n    as \"removed!\",\n  (count(*) filter (where previous_id is null))::integer as \"first_read!\"\nfrom device_configurations\nwhere\n  retrieved_at >= :from!\n  and retrieved_at < :until!\n  and (\n    :tagNames::text[] is null\n    or device_id in (select * from devices_tagged(:tagNames))\n  )\ngroup by 1\norder by 1"};

/**
 * Counts new versions for each calendar day of a time zone. A day without any
 * has no row.
 * Reads.
 */
export const configCalendarList: Query<ConfigCalendarListParams, ConfigCalendarListRow> = new Query("ConfigCalendarList", configCalendarListIR, { reads: true });
