// Generated from queries/config_prunes.sql by make generate. Do not edit.
/**
 * Retention: which versions are deleted, and how. The latest version of a
 * device and pinned versions are never deleted. The quarantine is not affected.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { Query, type QueryIR } from "../../query.ts";

/** Parameters of `ConfigPruneList`. */
export interface ConfigPruneListParams {
  /** The deviceId of the last row of the previous page. */
  afterDeviceId?: number | null | undefined;
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The retrievedAt of the last row of the previous page. */
  afterRetrievedAt?: Date | null | undefined;
  /** Only this device. */
  deviceId?: number | null | undefined;
  /** Only these devices. */
  deviceIds?: readonly number[] | null | undefined;
  /** Keeps versions that were valid within this many days of 24 hours. */
  keepDays?: number | null | undefined;
  /** Number of latest versions of each device to keep. */
  keepLast?: number | null | undefined;
  /** Keeps the last version of this month and of this many months before it. */
  keepMonths?: number | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** Only devices that carry one of these tags. */
  tagNames?: readonly string[] | null | undefined;
}

/** A row of `ConfigPruneList`. */
export interface PrunableVersion {
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
  /**
   * When the next version came; null for the latest. It stays when that version is pruned, so there
   * can be gaps but no overlap.
   */
  validUntil: Date;
}

const configPruneListIR: QueryIR = {"usedParamSet":{"keepLast":true,"deviceId":true,"afterDeviceId":true,"deviceIds":true,"tagNames":true,"afterRetrievedAt":true,"afterId":true,"keepDays":true,"keepMonths":true,"limit":true},"params":[{"name":"keepLast","required":false,"transform":{"type":"scalar"},"locs":[{"a":80,"b":88},{"a":1292,"b":1300},{"a":1364,"b":1372}]},{"name":"deviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":255,"b":263},{"a":322,"b":330}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":275,"b":288},{"a":942,"b":955}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":354,"b":363},{"a":403,"b":412}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":432,"b":440},{"a":510,"b":518}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":975,"b":991}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":1033,"b":1040}]},{"name":"keepDays","required":false,"transform":{"type":"scalar"},"locs":[{"a":1303,"b":1311},{"a":1439,"b":1447},{"a":1532,"b":1540}]},{"name":"keepMonths","required":false,"transform":{"type":"scalar"},"locs":[{"a":1323,"b":1333},{"a":1559,"b":1569},{"a":1836,"b":1846}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":1942,"b":1948}]}],"statement":"with placed as (\n  select\n    id,\n    device_id,\n    retrieved_at,\n    lead(id, :keepLast::integer) over of_device as following_id,\n    lead(retrieved_at) over of_device as next_at\n  from device_configurations\n  where\n    device_id between\n      coalesce(:deviceId::integer, :afterDeviceId::integer, 0)\n      and coalesce(:deviceId, 2147483647)\n    and (:deviceIds::integer[] is null or device_id = any(:deviceIds))\n    and (\n      :tagNames::text[] is null\n      or device_id in (select * from devices_tagged(:tagNames))\n    )\n  window of_device as (partition by device_id order by retrieved_at, id)\n)\nselect\n  placed.device_id,\n  devices.hostname,\n  placed.id,\n  placed.retrieved_at,\n  version.valid_until as \"valid_until!\",\n  version.size\nfrom placed\njoin device_configurations as version on version.id = placed.id\njoin devices on devices.id = placed.device_id\nwhere\n  (placed.device_id, placed.retrieved_at, placed.id)\n  > (\n    coalesce(:afterDeviceId, 0),\n    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\n  and version.valid_until is not null\n  and not exists (\n    select\n    from config_pins\n    where\n      config_pins.device_id = placed.device_id\n      and config_pins.configuration_id = placed.id\n  )\n  and coalesce(:keepLast, :keepDays::integer, :keepMonths::integer) is not null\n  and (:keepLast::integer is null or placed.following_id is not null)\n  and (\n    :keepDays::integer is null\n    or version.valid_until <= now() - make_interval(hours => 24 * :keepDays)\n  )\n  and (\n    :keepMonths::integer is null\n    or date_trunc('month', placed.retrieved_at at time zone 'UTC')\n    = date_trunc('month', placed.next_at at time zone 'UTC')\n    or version.valid_until\n    <= (\n      date_trunc('month', now() at time zone 'UTC')\n      - make_interval(months => :keepMonths)\n    ) at time zone 'UTC'\n  )\norder by placed.device_id, placed.retrieved_at, placed.id\nlimit :limit!::integer"};

/**
 * Lists the versions that no retention rule keeps, by device, oldest first,
 * without their texts; size is in bytes. A version is kept if it is among the
 * keepLast latest versions of its device, if it was valid within the last
 * keepDays days, or if it is the last version that began in its month (UTC) and
 * was valid in this month or one of the keepMonths months before. An absent
 * rule keeps nothing; without any rule no version is listed. The devices are
 * one device, those of a list, those with at least one of the tags, or all.
 * afterDeviceId alone continues with the next device.
 * The sort needs only columns of one index, so it reads no texts.
 * Internal: a step of configPrune.
 * Reads.
 */
export const configPruneList: Query<ConfigPruneListParams, PrunableVersion> = new Query("ConfigPruneList", configPruneListIR, { reads: true });

/** Parameters of `ConfigPruneLock`. */
export interface ConfigPruneLockParams {
  ids: readonly number[];
}

/**
 * A row of `ConfigPruneLock`, `ConfigPruneDelete`, `CredentialUnsealedList`, `CredentialReseal`,
 * `ConfigVerify`.
 */
export interface Id {
  id: number;
}

const configPruneLockIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":52,"b":56}]}],"statement":"select id\nfrom device_configurations\nwhere id = any(:ids!::bigint[])\norder by id\nfor update skip locked"};

/**
 * Prevents versions from being pinned until the transaction ends. Skips
 * versions that another transaction is about to pin.
 * Internal: a step of configPrune.
 * Writes nothing, locks device_configurations.
 */
export const configPruneLock: Query<ConfigPruneLockParams, Id> = new Query("ConfigPruneLock", configPruneLockIR);

/** Parameters of `ConfigPruneDelete`. */
export interface ConfigPruneDeleteParams {
  ids: readonly number[];
}

const configPruneDeleteIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":51,"b":55}]}],"statement":"delete from device_configurations\nwhere\n  id = any(:ids!::bigint[])\n  and not exists (\n    select\n    from config_pins\n    where\n      config_pins.device_id = device_configurations.device_id\n      and config_pins.configuration_id = device_configurations.id\n  )\nreturning id"};

/**
 * Deletes versions that are not pinned. Only for a transaction that holds
 * DeviceStateLock and ConfigPruneLock and rebuilds the line index: it sees
 * every pin, and no pin can be added. Foreign keys protect the latest version
 * and, in any other transaction, pinned versions.
 * Internal: a step of configPrune.
 * Writes device_configurations.
 */
export const configPruneDelete: Query<ConfigPruneDeleteParams, Id> = new Query("ConfigPruneDelete", configPruneDeleteIR);
