// Generated from queries/config_prunes.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConfigPruneList`. */
export interface ConfigPruneListParams {
  afterDeviceId?: number | null | undefined;
  afterId?: number | null | undefined;
  afterRetrievedAt?: Date | null | undefined;
  deviceId?: number | null | undefined;
  deviceIds?: readonly number[] | null | undefined;
  keepDays?: number | null | undefined;
  keepLast?: number | null | undefined;
  keepMonths?: number | null | undefined;
  limit: number;
  tagNames?: readonly string[] | null | undefined;
}

/** A row of `ConfigPruneList`. */
export interface ConfigPruneListResult {
  /** The device the configuration was read from. */
  deviceId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the version. */
  id: number;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** How many bytes the device sent. */
  size: number;
  /** When the next version came; null for the latest. It stays when that version is pruned, so there can be gaps but no overlap. */
  validUntil: Date;
}

const configPruneListIR: QueryIR = {"usedParamSet":{"keepLast":true,"deviceId":true,"afterDeviceId":true,"deviceIds":true,"tagNames":true,"afterRetrievedAt":true,"afterId":true,"keepDays":true,"keepMonths":true,"limit":true},"params":[{"name":"keepLast","required":false,"transform":{"type":"scalar"},"locs":[{"a":80,"b":88},{"a":1413,"b":1421},{"a":1485,"b":1493}]},{"name":"deviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":255,"b":263},{"a":322,"b":330}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":275,"b":288},{"a":1063,"b":1076}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":354,"b":363},{"a":403,"b":412}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":432,"b":440},{"a":624,"b":632}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":1096,"b":1112}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":1154,"b":1161}]},{"name":"keepDays","required":false,"transform":{"type":"scalar"},"locs":[{"a":1424,"b":1432},{"a":1560,"b":1568},{"a":1653,"b":1661}]},{"name":"keepMonths","required":false,"transform":{"type":"scalar"},"locs":[{"a":1444,"b":1454},{"a":1680,"b":1690},{"a":1957,"b":1967}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":2063,"b":2069}]}],"statement":"with placed as (\n  select\n    id,\n    device_id,\n    retrieved_at,\n    lead(id, :keepLast::integer) over of_device as following_id,\n    lead(retrieved_at) over of_device as next_at\n  from device_configurations\n  where\n    device_id between\n      coalesce(:deviceId::integer, :afterDeviceId::integer, 0)\n      and coalesce(:deviceId, 2147483647)\n    and (:deviceIds::integer[] is null or device_id = any(:deviceIds))\n    and (\n      :tagNames::text[] is null\n      or device_id in (\n        select device_tags.device_id\n        from tags\n        join device_tags on device_tags.tag_id = tags.id\n        where tags.name = any(:tagNames)\n      )\n    )\n  window of_device as (partition by device_id order by retrieved_at, id)\n)\nselect\n  placed.device_id,\n  devices.hostname,\n  placed.id,\n  placed.retrieved_at,\n  version.valid_until as \"valid_until!\",\n  version.size\nfrom placed\njoin device_configurations as version on version.id = placed.id\njoin devices on devices.id = placed.device_id\nwhere\n  (placed.device_id, placed.retrieved_at, placed.id)\n  > (\n    coalesce(:afterDeviceId, 0),\n    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\n  and version.valid_until is not null\n  and not exists (\n    select\n    from config_pins\n    where\n      config_pins.device_id = placed.device_id\n      and config_pins.configuration_id = placed.id\n  )\n  and coalesce(:keepLast, :keepDays::integer, :keepMonths::integer) is not null\n  and (:keepLast::integer is null or placed.following_id is not null)\n  and (\n    :keepDays::integer is null\n    or version.valid_until <= now() - make_interval(hours => 24 * :keepDays)\n  )\n  and (\n    :keepMonths::integer is null\n    or date_trunc('month', placed.retrieved_at at time zone 'UTC')\n    = date_trunc('month', placed.next_at at time zone 'UTC')\n    or version.valid_until\n    <= (\n      date_trunc('month', now() at time zone 'UTC')\n      - make_interval(months => :keepMonths)\n    ) at time zone 'UTC'\n  )\norder by placed.device_id, placed.retrieved_at, placed.id\nlimit :limit!::integer"};

/**
 * Retention: which versions go, and how they do. Never the latest one of a
 * device, never a pinned one; config_quarantine is no part of it.
 * Versions that no rule keeps, by device, oldest first, without text; size in
 * bytes. A version is kept when it is one of so many last ones of its device,
 * stood within so many days, or is the last that began in its month (UTC) and
 * stood in this month or one of so many before it. Times are judged by when a
 * version ended: what was valid at any time within the days stays. A rule that
 * is absent keeps nothing; without any rule nothing goes. Which devices count:
 * one, those of a list, those with one at least of the tags, or all. After a
 * device id alone come the devices after it.
 * What is put in order stands in an index as a whole: no text is carried along.
 * Reads.
 *
 * ```sql
 * with placed as (
 *   select
 *     id,
 *     device_id,
 *     retrieved_at,
 *     -- Null for those that are among the last.
 *     lead(id, :keepLast::integer) over of_device as following_id,
 *     lead(retrieved_at) over of_device as next_at
 *   from device_configurations
 *   where
 *     -- A range, so that one device is found by the index in any plan.
 *     device_id between
 *       coalesce(:deviceId::integer, :afterDeviceId::integer, 0)
 *       and coalesce(:deviceId, 2147483647)
 *     and (:deviceIds::integer[] is null or device_id = any(:deviceIds))
 *     and (
 *       :tagNames::text[] is null
 *       or device_id in (
 *         select device_tags.device_id
 *         from tags
 *         join device_tags on device_tags.tag_id = tags.id
 *         where tags.name = any(:tagNames)
 *       )
 *     )
 *   window of_device as (partition by device_id order by retrieved_at, id)
 * )
 * select
 *   placed.device_id,
 *   devices.hostname,
 *   placed.id,
 *   placed.retrieved_at,
 *   version.valid_until as "valid_until!",
 *   version.size
 * from placed
 * join device_configurations as version on version.id = placed.id
 * join devices on devices.id = placed.device_id
 * where
 *   (placed.device_id, placed.retrieved_at, placed.id)
 *   > (
 *     coalesce(:afterDeviceId, 0),
 *     coalesce(:afterRetrievedAt::timestamptz, 'infinity'),
 *     coalesce(:afterId::bigint, 9223372036854775807)
 *   )
 *   -- The latest one has not ended.
 *   and version.valid_until is not null
 *   and not exists (
 *     select
 *     from config_pins
 *     where
 *       config_pins.device_id = placed.device_id
 *       and config_pins.configuration_id = placed.id
 *   )
 *   and coalesce(:keepLast, :keepDays::integer, :keepMonths::integer) is not null
 *   and (:keepLast::integer is null or placed.following_id is not null)
 *   and (
 *     :keepDays::integer is null
 *     -- A day has 24 hours, whatever the session's time zone does.
 *     or version.valid_until <= now() - make_interval(hours => 24 * :keepDays)
 *   )
 *   and (
 *     :keepMonths::integer is null
 *     or date_trunc('month', placed.retrieved_at at time zone 'UTC')
 *     = date_trunc('month', placed.next_at at time zone 'UTC')
 *     or version.valid_until
 *     <= (
 *       date_trunc('month', now() at time zone 'UTC')
 *       - make_interval(months => :keepMonths)
 *     ) at time zone 'UTC'
 *   )
 * order by placed.device_id, placed.retrieved_at, placed.id
 * limit :limit!::integer
 * ```
 */
export const configPruneList: Query<ConfigPruneListParams, ConfigPruneListResult> = new Query("ConfigPruneList", configPruneListIR, { reads: true });

/** Parameters of `ConfigPruneLock`. */
export interface ConfigPruneLockParams {
  ids: readonly number[];
}

/** A row of `ConfigPruneLock`. */
export interface ConfigPruneLockResult {
  /** Identity of the version. */
  id: number;
}

const configPruneLockIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":52,"b":56}]}],"statement":"select id\nfrom device_configurations\nwhere id = any(:ids!::bigint[])\norder by id\nfor update skip locked"};

/**
 * Keeps versions from being pinned until the transaction ends. One that
 * somebody is about to pin is skipped, not waited for.
 * Writes nothing, locks device_configurations.
 *
 * ```sql
 * select id
 * from device_configurations
 * where id = any(:ids!::bigint[])
 * order by id
 * for update skip locked
 * ```
 */
export const configPruneLock: Query<ConfigPruneLockParams, ConfigPruneLockResult> = new Query("ConfigPruneLock", configPruneLockIR);

/** Parameters of `ConfigPruneDelete`. */
export interface ConfigPruneDeleteParams {
  ids: readonly number[];
}

/** A row of `ConfigPruneDelete`. */
export interface ConfigPruneDeleteResult {
  /** Identity of the version. */
  id: number;
}

const configPruneDeleteIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":51,"b":55}]}],"statement":"delete from device_configurations\nwhere\n  id = any(:ids!::bigint[])\n  and not exists (\n    select\n    from config_pins\n    where\n      config_pins.device_id = device_configurations.device_id\n      and config_pins.configuration_id = device_configurations.id\n  )\nreturning id"};

/**
 * Deletes versions that are not pinned. Only for a transaction that holds
 * DeviceStateLock and ConfigPruneLock, and makes the index of lines anew: it
 * then sees every pin there is, and no other one can come. The latest version,
 * and a pinned one in any other transaction, are kept by their foreign keys.
 * Writes device_configurations.
 *
 * ```sql
 * delete from device_configurations
 * where
 *   id = any(:ids!::bigint[])
 *   and not exists (
 *     select
 *     from config_pins
 *     where
 *       config_pins.device_id = device_configurations.device_id
 *       and config_pins.configuration_id = device_configurations.id
 *   )
 * returning id
 * ```
 */
export const configPruneDelete: Query<ConfigPruneDeleteParams, ConfigPruneDeleteResult> = new Query("ConfigPruneDelete", configPruneDeleteIR);
