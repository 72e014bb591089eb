// Generated from queries/config_changes.sql by make generate. Do not edit.
import type { Json } from "../json.ts";
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConfigChangeList`. */
export interface ConfigChangeListParams {
  afterId?: number | null | undefined;
  afterRetrievedAt?: Date | null | undefined;
  deviceIds?: readonly number[] | null | undefined;
  limit: number;
  since: Date;
  tagNames?: readonly string[] | null | undefined;
  until: Date;
}

/** A row of `ConfigChangeList`. */
export interface ConfigChangeListResult {
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
  /** The version that added and removed count from; null for the first one and while it is not indexed. */
  previousId: number | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configChangeListIR: QueryIR = {"usedParamSet":{"since":true,"until":true,"deviceIds":true,"tagNames":true,"afterRetrievedAt":true,"afterId":true,"limit":true},"params":[{"name":"since","required":true,"transform":{"type":"scalar"},"locs":[{"a":396,"b":402}]},{"name":"until","required":true,"transform":{"type":"scalar"},"locs":[{"a":447,"b":453}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":467,"b":476},{"a":542,"b":551}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":570,"b":578},{"a":774,"b":782}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":883,"b":899}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":941,"b":948}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":1074,"b":1080}]}],"statement":"select\n  device_configurations.id,\n  device_configurations.device_id,\n  devices.hostname,\n  device_configurations.retrieved_at,\n  device_configurations.previous_id,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.metadata\nfrom device_configurations\njoin devices on devices.id = device_configurations.device_id\nwhere\n  device_configurations.retrieved_at >= :since!\n  and device_configurations.retrieved_at < :until!\n  and (\n    :deviceIds::integer[] is null\n    or device_configurations.device_id = any(:deviceIds)\n  )\n  and (\n    :tagNames::text[] is null\n    or device_configurations.device_id in (\n      select device_tags.device_id\n      from device_tags\n      join tags on tags.id = device_tags.tag_id\n      where tags.name = any(:tagNames)\n    )\n  )\n  and (device_configurations.retrieved_at, device_configurations.id)\n  < (\n    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by\n  device_configurations.retrieved_at desc,\n  device_configurations.id desc\nlimit :limit!::integer"};

/**
 * Changes are versions by time, over the fleet.
 * What changed from since to before until, newest first: of all devices, some,
 * or those with one of the tags. The first version of a device has no
 * previous_id; configDiff tells what changed to any other.
 * Reads.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   devices.hostname,
 *   device_configurations.retrieved_at,
 *   device_configurations.previous_id,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.metadata
 * from device_configurations
 * join devices on devices.id = device_configurations.device_id
 * where
 *   device_configurations.retrieved_at >= :since!
 *   and device_configurations.retrieved_at < :until!
 *   and (
 *     :deviceIds::integer[] is null
 *     or device_configurations.device_id = any(:deviceIds)
 *   )
 *   and (
 *     :tagNames::text[] is null
 *     or device_configurations.device_id in (
 *       select device_tags.device_id
 *       from device_tags
 *       join tags on tags.id = device_tags.tag_id
 *       where tags.name = any(:tagNames)
 *     )
 *   )
 *   and (device_configurations.retrieved_at, device_configurations.id)
 *   < (
 *     coalesce(:afterRetrievedAt::timestamptz, 'infinity'),
 *     coalesce(:afterId::bigint, 9223372036854775807)
 *   )
 * order by
 *   device_configurations.retrieved_at desc,
 *   device_configurations.id desc
 * limit :limit!::integer
 * ```
 */
export const configChangeList: Query<ConfigChangeListParams, ConfigChangeListResult> = new Query("ConfigChangeList", configChangeListIR, { reads: true });

/** Parameters of `ConfigCalendarList`. */
export interface ConfigCalendarListParams {
  since: Date;
  tagNames?: readonly string[] | null | undefined;
  until: Date;
  zone: string;
}

/** A row of `ConfigCalendarList`. */
export interface ConfigCalendarListResult {
  added: number;
  changes: number;
  day: string;
  devices: number;
  firstRead: number;
  removed: number;
}

const configCalendarListIR: QueryIR = {"usedParamSet":{"zone":true,"since":true,"until":true,"tagNames":true},"params":[{"name":"zone","required":true,"transform":{"type":"scalar"},"locs":[{"a":43,"b":48}]},{"name":"since","required":true,"transform":{"type":"scalar"},"locs":[{"a":558,"b":564}]},{"name":"until","required":true,"transform":{"type":"scalar"},"locs":[{"a":587,"b":593}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":607,"b":615},{"a":789,"b":797}]}],"statement":"select\n  to_char(retrieved_at at time zone :zone!, 'YYYY-MM-DD') as \"day!\",\n  (count(*) filter (where previous_id is not null))::integer as \"changes!\",\n  (count(distinct device_id) filter (where previous_id is not null))::integer\n    as \"devices!\",\n  coalesce(sum(added) filter (where previous_id is not null), 0)::bigint\n    as \"added!\",\n  coalesce(sum(removed) filter (where previous_id is not null), 0)::bigint\n    as \"removed!\",\n  (count(*) filter (where previous_id is null))::integer as \"first_read!\"\nfrom device_configurations\nwhere\n  retrieved_at >= :since!\n  and retrieved_at < :until!\n  and (\n    :tagNames::text[] is null\n    or device_id in (\n      select device_tags.device_id\n      from device_tags\n      join tags on tags.id = device_tags.tag_id\n      where tags.name = any(:tagNames)\n    )\n  )\ngroup by 1\norder by 1"};

/**
 * The days from since to before until on which something changed, by the
 * calendar of a time zone such as Europe/Berlin: how many changes, on how many
 * devices, of how many lines, and how many devices were read for the first time.
 * Reads.
 *
 * ```sql
 * select
 *   to_char(retrieved_at at time zone :zone!, 'YYYY-MM-DD') as "day!",
 *   (count(*) filter (where previous_id is not null))::integer as "changes!",
 *   (count(distinct device_id) filter (where previous_id is not null))::integer
 *     as "devices!",
 *   coalesce(sum(added) filter (where previous_id is not null), 0)::bigint
 *     as "added!",
 *   coalesce(sum(removed) filter (where previous_id is not null), 0)::bigint
 *     as "removed!",
 *   (count(*) filter (where previous_id is null))::integer as "first_read!"
 * from device_configurations
 * where
 *   retrieved_at >= :since!
 *   and retrieved_at < :until!
 *   and (
 *     :tagNames::text[] is null
 *     or device_id in (
 *       select device_tags.device_id
 *       from device_tags
 *       join tags on tags.id = device_tags.tag_id
 *       where tags.name = any(:tagNames)
 *     )
 *   )
 * group by 1
 * order by 1
 * ```
 */
export const configCalendarList: Query<ConfigCalendarListParams, ConfigCalendarListResult> = new Query("ConfigCalendarList", configCalendarListIR, { reads: true });
