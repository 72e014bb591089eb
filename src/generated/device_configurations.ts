// Generated from queries/device_configurations.sql by make generate. Do not edit.
import type { Json } from "../json.ts";
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConfigInsert`. */
export interface ConfigInsertParams {
  configData: string;
  contentHash: Uint8Array;
  deviceId: number;
  metadata?: Json | null | undefined;
  raw?: Uint8Array | null | undefined;
  retrievedAt?: Date | null | undefined;
}

/** A row of `ConfigInsert`. */
export interface ConfigInsertResult {
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The latest configuration; null before the first. */
  previousId: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** When this text was last read, set for good when the next version comes; for the latest version device_states.verified_at counts. */
  verifiedAt: Date;
}

const configInsertIR: QueryIR = {"usedParamSet":{"retrievedAt":true,"deviceId":true,"configData":true,"raw":true,"contentHash":true,"metadata":true},"params":[{"name":"retrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":645,"b":656},{"a":825,"b":836},{"a":914,"b":925}]},{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":798,"b":807},{"a":1274,"b":1283}]},{"name":"configData","required":true,"transform":{"type":"scalar"},"locs":[{"a":1290,"b":1301}]},{"name":"raw","required":false,"transform":{"type":"scalar"},"locs":[{"a":1308,"b":1311}]},{"name":"contentHash","required":true,"transform":{"type":"scalar"},"locs":[{"a":1325,"b":1337}]},{"name":"metadata","required":false,"transform":{"type":"scalar"},"locs":[{"a":1353,"b":1361}]}],"statement":"-- Configurations are versions: a row is written when a device's text changes.\n-- Stores a new latest version, sets for good when the one before it was last\n-- verified, and moves the device's state on to it. Only for a transaction that\n-- holds DeviceStateLock and found another hash there.\n-- The time is now, or that of the version before it if that is later: the\n-- transaction may have begun before the other one committed. For an import it\n-- may be given; versions come oldest first then, and no row comes back for one\n-- that is older than the latest.\nwith latest as (\n  select\n    configuration_id,\n    verified_at,\n    coalesce(\n      :retrievedAt::timestamptz,\n      greatest(retrieved_at, date_trunc('milliseconds', now()))\n    ) as next_at\n  from device_states\n  where\n    device_id = :deviceId!\n    and (\n      :retrievedAt::timestamptz is null\n      or retrieved_at is null\n      or retrieved_at <= :retrievedAt\n    )\n),\nsuperseded as (\n  update device_configurations\n  set verified_at = latest.verified_at\n  from latest\n  where device_configurations.id = latest.configuration_id\n),\ninserted as (\n  insert into device_configurations (\n    device_id,\n    config_data,\n    raw,\n    content_hash,\n    metadata,\n    retrieved_at,\n    verified_at\n  )\n  select\n    :deviceId!,\n    :configData!,\n    :raw::bytea,\n    :contentHash!,\n    coalesce(:metadata::jsonb, '{}'),\n    next_at,\n    next_at\n  from latest\n  returning id, device_id, content_hash, retrieved_at, verified_at, metadata\n),\nmoved as (\n  update device_states\n  set\n    content_hash = inserted.content_hash,\n    configuration_id = inserted.id,\n    retrieved_at = inserted.retrieved_at,\n    verified_at = inserted.verified_at\n  from inserted\n  where device_states.device_id = inserted.device_id\n)\nselect\n  inserted.id,\n  inserted.device_id,\n  inserted.retrieved_at,\n  inserted.verified_at,\n  inserted.content_hash,\n  inserted.metadata,\n  latest.configuration_id as previous_id\nfrom inserted\ncross join latest"};

/**
 * Configurations are versions: a row is written when a device's text changes.
 * Stores a new latest version, sets for good when the one before it was last
 * verified, and moves the device's state on to it. Only for a transaction that
 * holds DeviceStateLock and found another hash there.
 * The time is now, or that of the version before it if that is later: the
 * transaction may have begun before the other one committed. For an import it
 * may be given; versions come oldest first then, and no row comes back for one
 * that is older than the latest.
 *
 * ```sql
 * with latest as (
 *   select
 *     configuration_id,
 *     verified_at,
 *     coalesce(
 *       :retrievedAt::timestamptz,
 *       greatest(retrieved_at, date_trunc('milliseconds', now()))
 *     ) as next_at
 *   from device_states
 *   where
 *     device_id = :deviceId!
 *     and (
 *       :retrievedAt::timestamptz is null
 *       or retrieved_at is null
 *       or retrieved_at <= :retrievedAt
 *     )
 * ),
 * superseded as (
 *   update device_configurations
 *   set verified_at = latest.verified_at
 *   from latest
 *   where device_configurations.id = latest.configuration_id
 * ),
 * inserted as (
 *   insert into device_configurations (
 *     device_id,
 *     config_data,
 *     raw,
 *     content_hash,
 *     metadata,
 *     retrieved_at,
 *     verified_at
 *   )
 *   select
 *     :deviceId!,
 *     :configData!,
 *     :raw::bytea,
 *     :contentHash!,
 *     coalesce(:metadata::jsonb, '{}'),
 *     next_at,
 *     next_at
 *   from latest
 *   returning id, device_id, content_hash, retrieved_at, verified_at, metadata
 * ),
 * moved as (
 *   update device_states
 *   set
 *     content_hash = inserted.content_hash,
 *     configuration_id = inserted.id,
 *     retrieved_at = inserted.retrieved_at,
 *     verified_at = inserted.verified_at
 *   from inserted
 *   where device_states.device_id = inserted.device_id
 * )
 * select
 *   inserted.id,
 *   inserted.device_id,
 *   inserted.retrieved_at,
 *   inserted.verified_at,
 *   inserted.content_hash,
 *   inserted.metadata,
 *   latest.configuration_id as previous_id
 * from inserted
 * cross join latest
 * ```
 */
export const configInsert: Query<ConfigInsertParams, ConfigInsertResult> = new Query("ConfigInsert", configInsertIR);

/** Parameters of `ConfigGet`. */
export interface ConfigGetParams {
  id: number;
}

/** A row of `ConfigGet`. */
export interface ConfigGetResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  verifiedAt: Date;
}

const configGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":654,"b":657}]}],"statement":"-- One version with its text.\nselect\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  coalesce(\n    device_states.verified_at,\n    device_configurations.verified_at\n  ) as \"verified_at!\",\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.config_data,\n  device_configurations.raw\nfrom device_configurations\nleft join device_states\n  on device_states.device_id = device_configurations.device_id\n  and device_states.configuration_id = device_configurations.id\nwhere device_configurations.id = :id!"};

/**
 * One version with its text.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   coalesce(
 *     device_states.verified_at,
 *     device_configurations.verified_at
 *   ) as "verified_at!",
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.config_data,
 *   device_configurations.raw
 * from device_configurations
 * left join device_states
 *   on device_states.device_id = device_configurations.device_id
 *   and device_states.configuration_id = device_configurations.id
 * where device_configurations.id = :id!
 * ```
 */
export const configGet: Query<ConfigGetParams, ConfigGetResult> = new Query("ConfigGet", configGetIR);

/** Parameters of `ConfigPairGet`. */
export interface ConfigPairGetParams {
  idA: number;
  idB: number;
}

/** A row of `ConfigPairGet`. */
export interface ConfigPairGetResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  verifiedAt: Date;
}

const configPairGetIR: QueryIR = {"usedParamSet":{"idA":true,"idB":true},"params":[{"name":"idA","required":true,"transform":{"type":"scalar"},"locs":[{"a":489,"b":493}]},{"name":"idB","required":true,"transform":{"type":"scalar"},"locs":[{"a":504,"b":508}]}],"statement":"-- Two versions with their texts, in the order asked for.\nselect\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  coalesce(\n    device_states.verified_at,\n    device_configurations.verified_at\n  ) as \"verified_at!\",\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.config_data,\n  device_configurations.raw\nfrom unnest(array[:idA!::bigint, :idB!::bigint])\n  with ordinality as wanted (id, place)\njoin device_configurations on device_configurations.id = wanted.id\nleft join device_states\n  on device_states.device_id = device_configurations.device_id\n  and device_states.configuration_id = device_configurations.id\norder by wanted.place"};

/**
 * Two versions with their texts, in the order asked for.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   coalesce(
 *     device_states.verified_at,
 *     device_configurations.verified_at
 *   ) as "verified_at!",
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.config_data,
 *   device_configurations.raw
 * from unnest(array[:idA!::bigint, :idB!::bigint])
 *   with ordinality as wanted (id, place)
 * join device_configurations on device_configurations.id = wanted.id
 * left join device_states
 *   on device_states.device_id = device_configurations.device_id
 *   and device_states.configuration_id = device_configurations.id
 * order by wanted.place
 * ```
 */
export const configPairGet: Query<ConfigPairGetParams, ConfigPairGetResult> = new Query("ConfigPairGet", configPairGetIR);

/** Parameters of `ConfigLatestGet`. */
export interface ConfigLatestGetParams {
  deviceId: number;
}

/** A row of `ConfigLatestGet`. */
export interface ConfigLatestGetResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /** When the latest configuration was last read; null before the first. */
  verifiedAt: Date;
}

const configLatestGetIR: QueryIR = {"usedParamSet":{"deviceId":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":547,"b":556}]}],"statement":"-- The latest version of a device, with its text.\nselect\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  device_states.verified_at as \"verified_at!\",\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.config_data,\n  device_configurations.raw\nfrom device_states\njoin device_configurations\n  on device_configurations.id = device_states.configuration_id\nwhere device_states.device_id = :deviceId!"};

/**
 * The latest version of a device, with its text.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   device_states.verified_at as "verified_at!",
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.config_data,
 *   device_configurations.raw
 * from device_states
 * join device_configurations
 *   on device_configurations.id = device_states.configuration_id
 * where device_states.device_id = :deviceId!
 * ```
 */
export const configLatestGet: Query<ConfigLatestGetParams, ConfigLatestGetResult> = new Query("ConfigLatestGet", configLatestGetIR);

/** Parameters of `ConfigAsOfGet`. */
export interface ConfigAsOfGetParams {
  at: Date;
  deviceId: number;
}

/** A row of `ConfigAsOfGet`. */
export interface ConfigAsOfGetResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  verifiedAt: Date;
}

const configAsOfGetIR: QueryIR = {"usedParamSet":{"deviceId":true,"at":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":738,"b":747}]},{"name":"at","required":true,"transform":{"type":"scalar"},"locs":[{"a":793,"b":796}]}],"statement":"-- The version of a device that was valid at a time, with its text; no row if\n-- its first one is later.\nselect\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  coalesce(\n    device_states.verified_at,\n    device_configurations.verified_at\n  ) as \"verified_at!\",\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.config_data,\n  device_configurations.raw\nfrom device_configurations\nleft join device_states\n  on device_states.device_id = device_configurations.device_id\n  and device_states.configuration_id = device_configurations.id\nwhere\n  device_configurations.device_id = :deviceId!\n  and device_configurations.retrieved_at <= :at!\norder by\n  device_configurations.retrieved_at desc,\n  device_configurations.id desc\nlimit 1"};

/**
 * The version of a device that was valid at a time, with its text; no row if
 * its first one is later.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   coalesce(
 *     device_states.verified_at,
 *     device_configurations.verified_at
 *   ) as "verified_at!",
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   device_configurations.config_data,
 *   device_configurations.raw
 * from device_configurations
 * left join device_states
 *   on device_states.device_id = device_configurations.device_id
 *   and device_states.configuration_id = device_configurations.id
 * where
 *   device_configurations.device_id = :deviceId!
 *   and device_configurations.retrieved_at <= :at!
 * order by
 *   device_configurations.retrieved_at desc,
 *   device_configurations.id desc
 * limit 1
 * ```
 */
export const configAsOfGet: Query<ConfigAsOfGetParams, ConfigAsOfGetResult> = new Query("ConfigAsOfGet", configAsOfGetIR);

/** Parameters of `ConfigLatestList`. */
export interface ConfigLatestListParams {
  afterDeviceId?: number | null | undefined;
  deviceIds?: readonly number[] | null | undefined;
  limit: number;
}

/** A row of `ConfigLatestList`. */
export interface ConfigLatestListResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  size: number;
  /** When the latest configuration was last read; null before the first. */
  verifiedAt: Date;
}

const configLatestListIR: QueryIR = {"usedParamSet":{"deviceIds":true,"afterDeviceId":true,"limit":true},"params":[{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":653,"b":662},{"a":720,"b":729}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":777,"b":790}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":844,"b":850}]}],"statement":"-- The latest versions of the devices without their text, by device; size in\n-- bytes. Without device ids: of all.\nselect\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  device_states.verified_at as \"verified_at!\",\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.added,\n  device_configurations.removed,\n  coalesce(\n    octet_length(device_configurations.raw),\n    octet_length(device_configurations.config_data)\n  ) as \"size!\"\nfrom device_states\njoin device_configurations\n  on device_configurations.id = device_states.configuration_id\nwhere\n  (\n    :deviceIds::integer[] is null\n    or device_states.device_id = any(:deviceIds)\n  )\n  and device_states.device_id > coalesce(:afterDeviceId::integer, 0)\norder by device_states.device_id\nlimit :limit!::integer"};

/**
 * The latest versions of the devices without their text, by device; size in
 * bytes. Without device ids: of all.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   device_states.verified_at as "verified_at!",
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   coalesce(
 *     octet_length(device_configurations.raw),
 *     octet_length(device_configurations.config_data)
 *   ) as "size!"
 * from device_states
 * join device_configurations
 *   on device_configurations.id = device_states.configuration_id
 * where
 *   (
 *     :deviceIds::integer[] is null
 *     or device_states.device_id = any(:deviceIds)
 *   )
 *   and device_states.device_id > coalesce(:afterDeviceId::integer, 0)
 * order by device_states.device_id
 * limit :limit!::integer
 * ```
 */
export const configLatestList: Query<ConfigLatestListParams, ConfigLatestListResult> = new Query("ConfigLatestList", configLatestListIR);

/** Parameters of `ConfigHistoryList`. */
export interface ConfigHistoryListParams {
  afterId?: number | null | undefined;
  afterRetrievedAt?: Date | null | undefined;
  deviceId: number;
  limit: number;
}

/** A row of `ConfigHistoryList`. */
export interface ConfigHistoryListResult {
  /** Lines that the version before lacks; null while it is not indexed. */
  added: number | null;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** What the caller noted about this version: a JSON object, empty by default. */
  metadata: Json;
  /** Lines that only the version before has; null while it is not indexed. */
  removed: number | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  size: number;
  verifiedAt: Date;
}

const configHistoryListIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterRetrievedAt":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":769,"b":778}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":868,"b":884}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":926,"b":933}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":1059,"b":1065}]}],"statement":"-- The versions of a device without their text, newest first; size in bytes.\nselect\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  coalesce(\n    device_states.verified_at,\n    device_configurations.verified_at\n  ) as \"verified_at!\",\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.added,\n  device_configurations.removed,\n  coalesce(\n    octet_length(device_configurations.raw),\n    octet_length(device_configurations.config_data)\n  ) as \"size!\"\nfrom device_configurations\nleft join device_states\n  on device_states.device_id = device_configurations.device_id\n  and device_states.configuration_id = device_configurations.id\nwhere\n  device_configurations.device_id = :deviceId!\n  and (device_configurations.retrieved_at, device_configurations.id)\n  < (\n    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by\n  device_configurations.retrieved_at desc,\n  device_configurations.id desc\nlimit :limit!::integer"};

/**
 * The versions of a device without their text, newest first; size in bytes.
 *
 * ```sql
 * select
 *   device_configurations.id,
 *   device_configurations.device_id,
 *   device_configurations.retrieved_at,
 *   coalesce(
 *     device_states.verified_at,
 *     device_configurations.verified_at
 *   ) as "verified_at!",
 *   device_configurations.content_hash,
 *   device_configurations.metadata,
 *   device_configurations.added,
 *   device_configurations.removed,
 *   coalesce(
 *     octet_length(device_configurations.raw),
 *     octet_length(device_configurations.config_data)
 *   ) as "size!"
 * from device_configurations
 * left join device_states
 *   on device_states.device_id = device_configurations.device_id
 *   and device_states.configuration_id = device_configurations.id
 * where
 *   device_configurations.device_id = :deviceId!
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
export const configHistoryList: Query<ConfigHistoryListParams, ConfigHistoryListResult> = new Query("ConfigHistoryList", configHistoryListIR);

/** Parameters of `ConfigVerify`. */
export interface ConfigVerifyParams {
  contentHash: Uint8Array;
  deviceId: number;
}

/** A row of `ConfigVerify`. */
export interface ConfigVerifyResult {
  /** The latest configuration; null before the first. */
  id: number;
}

const configVerifyIR: QueryIR = {"usedParamSet":{"deviceId":true,"contentHash":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":261,"b":270}]},{"name":"contentHash","required":true,"transform":{"type":"scalar"},"locs":[{"a":293,"b":305}]}],"statement":"-- Notes that the device was read just now and sent its latest text again.\n-- Returns the id of that version; no row if the text is another one.\nupdate device_states\nset verified_at = greatest(verified_at, date_trunc('milliseconds', now()))\nwhere\n  device_id = :deviceId!\n  and content_hash = :contentHash!\nreturning configuration_id as \"id!\""};

/**
 * Notes that the device was read just now and sent its latest text again.
 * Returns the id of that version; no row if the text is another one.
 *
 * ```sql
 * update device_states
 * set verified_at = greatest(verified_at, date_trunc('milliseconds', now()))
 * where
 *   device_id = :deviceId!
 *   and content_hash = :contentHash!
 * returning configuration_id as "id!"
 * ```
 */
export const configVerify: Query<ConfigVerifyParams, ConfigVerifyResult> = new Query("ConfigVerify", configVerifyIR);

/** Parameters of `ConfigBlameGet`. */
export interface ConfigBlameGetParams {
  id: number;
}

/** A row of `ConfigBlameGet`. */
export interface ConfigBlameGetResult {
  /** Where each line came in, as src/blame.ts writes it; null while the version is not indexed. */
  blame: Uint8Array | null;
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configBlameGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":185,"b":188}]}],"statement":"-- A version with its text and where its lines came in, as src/blame.ts reads it.\nselect\n  id,\n  device_id,\n  retrieved_at,\n  config_data,\n  blame\nfrom device_configurations\nwhere id = :id!"};

/**
 * A version with its text and where its lines came in, as src/blame.ts reads it.
 *
 * ```sql
 * select
 *   id,
 *   device_id,
 *   retrieved_at,
 *   config_data,
 *   blame
 * from device_configurations
 * where id = :id!
 * ```
 */
export const configBlameGet: Query<ConfigBlameGetParams, ConfigBlameGetResult> = new Query("ConfigBlameGet", configBlameGetIR);

/** Parameters of `ConfigTimeList`. */
export interface ConfigTimeListParams {
  ids: readonly number[];
}

/** A row of `ConfigTimeList`. */
export interface ConfigTimeListResult {
  /** Identity of the version. */
  id: number;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configTimeListIR: QueryIR = {"usedParamSet":{"ids":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":107,"b":111}]}],"statement":"-- When versions were first read, by id.\nselect id, retrieved_at\nfrom device_configurations\nwhere id = any(:ids!::bigint[])\norder by id"};

/**
 * When versions were first read, by id.
 *
 * ```sql
 * select id, retrieved_at
 * from device_configurations
 * where id = any(:ids!::bigint[])
 * order by id
 * ```
 */
export const configTimeList: Query<ConfigTimeListParams, ConfigTimeListResult> = new Query("ConfigTimeList", configTimeListIR);

/** Parameters of `ConfigVersionDelete`. */
export interface ConfigVersionDeleteParams {
  id: number;
}

/** A row of `ConfigVersionDelete`. */
export interface ConfigVersionDeleteResult {
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configVersionDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":231,"b":234}]}],"statement":"-- Deletes a version; configDelete mends the index of lines as well. The latest\n-- one stays while its device does: to delete it breaks\n-- device_states_device_id_configuration_id_fkey.\ndelete from device_configurations\nwhere id = :id!\nreturning id, device_id, retrieved_at"};

/**
 * Deletes a version; configDelete mends the index of lines as well. The latest
 * one stays while its device does: to delete it breaks
 * device_states_device_id_configuration_id_fkey.
 *
 * ```sql
 * delete from device_configurations
 * where id = :id!
 * returning id, device_id, retrieved_at
 * ```
 */
export const configVersionDelete: Query<ConfigVersionDeleteParams, ConfigVersionDeleteResult> = new Query("ConfigVersionDelete", configVersionDeleteIR);
