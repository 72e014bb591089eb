// Generated from queries/device_configurations.sql by make generate. Do not edit.
/**
 * Configurations are versions: a row is added when the text of a device
 * changes.
 *
 * @module
 */
import { unpackRow } from "../connection/packed.ts";
import type { Json } from "../json.ts";
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConfigGet`. */
export interface ConfigGetParams {
  /** Identity of the version. */
  id: number;
}

/** A row of `ConfigGet`, `ConfigPairGet`, `ConfigLatestGet`, `ConfigAsOfGet`. */
export interface ConfigVersion {
  /** Number of lines that the previous version lacks; null while not indexed. */
  added: number | null;
  /** The text as the device sent it, or a readable form of raw if that is not text. */
  configData: string;
  /** SHA-256 of the bytes from the device, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** Notes of the caller about this version: a JSON object, empty by default. */
  metadata: Json;
  /**
   * Version that added and removed are counted against; null for the first version and while this
   * one is not indexed.
   */
  previousId: number | null;
  /** The bytes as the device sent them; null if they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** Number of lines that only the previous version has; null while not indexed. */
  removed: number | null;
  /** When this text was first read; never decreases from one version of a device to the next. */
  retrievedAt: Date;
  /**
   * When the next version was first read; null for the latest. It stays when that version is
   * pruned, so there can be gaps but no overlaps.
   */
  validUntil: Date | null;
  /** When this text was last read. */
  verifiedAt: Date;
  /** Number of times that this text was read. */
  verifiedCount: number;
}

const configGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":333,"b":336}]}],"statement":"select\n  id as \"id!\",\n  device_id as \"device_id!\",\n  retrieved_at as \"retrieved_at!\",\n  verified_at as \"verified_at!\",\n  verified_count as \"verified_count!\",\n  valid_until,\n  content_hash as \"content_hash!\",\n  metadata as \"metadata!\",\n  previous_id,\n  added,\n  removed,\n  config_data,\n  raw,\n  packed\nfrom config_versions\nwhere id = :id!"};

/**
 * Returns a version with its text.
 * Reads.
 */
export const configGet: Query<ConfigGetParams, ConfigVersion> = new Query("ConfigGet", configGetIR, { unpack: unpackRow<ConfigVersion>, reads: true });

/** Parameters of `ConfigLatestGet`. */
export interface ConfigLatestGetParams {
  /** The device the configuration was read from. */
  deviceId: number;
}

const configLatestGetIR: QueryIR = {"usedParamSet":{"deviceId":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":342,"b":351}]}],"statement":"select\n  id as \"id!\",\n  device_id as \"device_id!\",\n  retrieved_at as \"retrieved_at!\",\n  verified_at as \"verified_at!\",\n  verified_count as \"verified_count!\",\n  valid_until,\n  content_hash as \"content_hash!\",\n  metadata as \"metadata!\",\n  previous_id,\n  added,\n  removed,\n  config_data,\n  raw,\n  packed\nfrom config_versions\nwhere\n  device_id = :deviceId!\n  and is_latest"};

/**
 * Returns the latest version of a device, with its text.
 * Reads.
 */
export const configLatestGet: Query<ConfigLatestGetParams, ConfigVersion> = new Query("ConfigLatestGet", configLatestGetIR, { unpack: unpackRow<ConfigVersion>, reads: true });

/** Parameters of `ConfigAsOfGet`. */
export interface ConfigAsOfGetParams {
  /** Time at which the version was valid. */
  at: Date;
  /** The device the configuration was read from. */
  deviceId: number;
}

const configAsOfGetIR: QueryIR = {"usedParamSet":{"deviceId":true,"at":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":342,"b":351}]},{"name":"at","required":true,"transform":{"type":"scalar"},"locs":[{"a":375,"b":378}]}],"statement":"select\n  id as \"id!\",\n  device_id as \"device_id!\",\n  retrieved_at as \"retrieved_at!\",\n  verified_at as \"verified_at!\",\n  verified_count as \"verified_count!\",\n  valid_until,\n  content_hash as \"content_hash!\",\n  metadata as \"metadata!\",\n  previous_id,\n  added,\n  removed,\n  config_data,\n  raw,\n  packed\nfrom config_versions\nwhere\n  device_id = :deviceId!\n  and retrieved_at <= :at!\norder by retrieved_at desc, id desc\nlimit 1"};

/**
 * Returns the version of a device that was valid at a time, with its text.
 * Returns no row if the first version is later.
 * Reads.
 */
export const configAsOfGet: Query<ConfigAsOfGetParams, ConfigVersion> = new Query("ConfigAsOfGet", configAsOfGetIR, { unpack: unpackRow<ConfigVersion>, reads: true });

/** Parameters of `ConfigAsOfList`. */
export interface ConfigAsOfListParams {
  /** The deviceId of the last row of the previous page. */
  afterDeviceId?: number | null | undefined;
  /** Time at which the versions were valid. */
  at: Date;
  /** Maximum rows to return. */
  limit: number;
  /** Only devices that carry one of these tags. */
  tagNames?: readonly string[] | null | undefined;
}

/** A row of `ConfigAsOfList`. */
export interface ConfigAsOfListRow {
  /** Number of lines that the previous version lacks; null while not indexed. */
  added: number | null;
  /** SHA-256 of the bytes from the device, 32 bytes. */
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the version. */
  id: number;
  /** Notes of the caller about this version: a JSON object, empty by default. */
  metadata: Json;
  /**
   * Version that added and removed are counted against; null for the first version and while this
   * one is not indexed.
   */
  previousId: number | null;
  /** Number of lines that only the previous version has; null while not indexed. */
  removed: number | null;
  /** When this text was first read; never decreases from one version of a device to the next. */
  retrievedAt: Date;
  /** Size of the bytes from the device. */
  size: number;
  /**
   * When the next version was first read; null for the latest. It stays when that version is
   * pruned, so there can be gaps but no overlaps.
   */
  validUntil: Date | null;
  /** When this text was last read. */
  verifiedAt: Date;
}

const configAsOfListIR: QueryIR = {"usedParamSet":{"at":true,"afterDeviceId":true,"tagNames":true,"limit":true},"params":[{"name":"at","required":true,"transform":{"type":"scalar"},"locs":[{"a":516,"b":519}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":644,"b":657}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":684,"b":692},{"a":761,"b":769}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":803,"b":809}]}],"statement":"select\n  version.id as \"id!\",\n  version.device_id as \"device_id!\",\n  devices.hostname,\n  version.retrieved_at as \"retrieved_at!\",\n  version.verified_at as \"verified_at!\",\n  version.valid_until,\n  version.content_hash as \"content_hash!\",\n  version.metadata as \"metadata!\",\n  version.previous_id,\n  version.added,\n  version.removed,\n  version.size as \"size!\"\nfrom devices\ncross join lateral (\n  select *\n  from config_versions\n  where\n    config_versions.device_id = devices.id\n    and config_versions.retrieved_at <= :at!\n  order by config_versions.retrieved_at desc, config_versions.id desc\n  limit 1\n) as version\nwhere\n  devices.id > coalesce(:afterDeviceId::integer, 0)\n  and (\n    :tagNames::text[] is null\n    or devices.id in (select * from devices_tagged(:tagNames))\n  )\norder by devices.id\nlimit :limit!::integer"};

/**
 * Lists the version of each device that was valid at a time, by device, without
 * the texts. A valid_until before that time means that the version that was
 * valid then was pruned.
 * Reads.
 */
export const configAsOfList: Query<ConfigAsOfListParams, ConfigAsOfListRow> = new Query("ConfigAsOfList", configAsOfListIR, { reads: true });

/** Parameters of `ConfigLatestList`. */
export interface ConfigLatestListParams {
  /** The deviceId of the last row of the previous page. */
  afterDeviceId?: number | null | undefined;
  /** Only these devices. */
  deviceIds?: readonly number[] | null | undefined;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `ConfigLatestList`, `ConfigHistoryList`, `ConfigPreviousGet`, `ConfigNextGet`. */
export interface ConfigVersionSummary {
  added: number | null;
  contentHash: Uint8Array;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  metadata: Json;
  previousId: number | null;
  removed: number | null;
  retrievedAt: Date;
  size: number;
  validUntil: Date | null;
  verifiedAt: Date;
  verifiedCount: number;
}

const configLatestListIR: QueryIR = {"usedParamSet":{"deviceIds":true,"afterDeviceId":true,"limit":true},"params":[{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":570,"b":579},{"a":637,"b":646}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":694,"b":707}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":761,"b":767}]}],"statement":"select\n  device_configurations.id,\n  device_configurations.device_id,\n  device_configurations.retrieved_at,\n  device_states.verified_at as \"verified_at!\",\n  device_states.verified_count as \"verified_count!\",\n  device_configurations.valid_until,\n  device_configurations.content_hash,\n  device_configurations.metadata,\n  device_configurations.previous_id,\n  device_configurations.added,\n  device_configurations.removed,\n  device_configurations.size\nfrom device_states\njoin device_configurations\n  on device_configurations.id = device_states.configuration_id\nwhere\n  (\n    :deviceIds::integer[] is null\n    or device_states.device_id = any(:deviceIds)\n  )\n  and device_states.device_id > coalesce(:afterDeviceId::integer, 0)\norder by device_states.device_id\nlimit :limit!::integer"};

/**
 * Lists the latest versions of devices without their texts, by device.
 * Reads.
 */
export const configLatestList: Query<ConfigLatestListParams, ConfigVersionSummary> = new Query("ConfigLatestList", configLatestListIR, { reads: true });

/** Parameters of `ConfigHistoryList`. */
export interface ConfigHistoryListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The retrievedAt of the last row of the previous page. */
  afterRetrievedAt?: Date | null | undefined;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Maximum rows to return. */
  limit: number;
}

const configHistoryListIR: QueryIR = {"usedParamSet":{"deviceId":true,"afterRetrievedAt":true,"afterId":true,"limit":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":329,"b":338}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":384,"b":400}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":442,"b":449}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":527,"b":533}]}],"statement":"select\n  id as \"id!\",\n  device_id as \"device_id!\",\n  retrieved_at as \"retrieved_at!\",\n  verified_at as \"verified_at!\",\n  verified_count as \"verified_count!\",\n  valid_until,\n  content_hash as \"content_hash!\",\n  metadata as \"metadata!\",\n  previous_id,\n  added,\n  removed,\n  size as \"size!\"\nfrom config_versions\nwhere\n  device_id = :deviceId!\n  and (retrieved_at, id)\n  < (\n    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),\n    coalesce(:afterId::bigint, 9223372036854775807)\n  )\norder by retrieved_at desc, id desc\nlimit :limit!::integer"};

/**
 * Lists the versions of a device without their texts, newest first; size is in
 * bytes.
 * Reads.
 */
export const configHistoryList: Query<ConfigHistoryListParams, ConfigVersionSummary> = new Query("ConfigHistoryList", configHistoryListIR, { reads: true });

/** Parameters of `ConfigPreviousGet`. */
export interface ConfigPreviousGetParams {
  /** Version whose predecessor is returned. */
  id: number;
}

const configPreviousGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":510,"b":513}]}],"statement":"select\n  version.id as \"id!\",\n  version.device_id as \"device_id!\",\n  version.retrieved_at as \"retrieved_at!\",\n  version.verified_at as \"verified_at!\",\n  version.verified_count as \"verified_count!\",\n  version.valid_until,\n  version.content_hash as \"content_hash!\",\n  version.metadata as \"metadata!\",\n  version.previous_id,\n  version.added,\n  version.removed,\n  version.size as \"size!\"\nfrom device_configurations as given\njoin config_versions as version on version.device_id = given.device_id\nwhere\n  given.id = :id!\n  and (version.retrieved_at, version.id) < (given.retrieved_at, given.id)\norder by version.retrieved_at desc, version.id desc\nlimit 1"};

/**
 * Returns the version before a given one, without its text. Returns no row for
 * the first version.
 * Reads.
 */
export const configPreviousGet: Query<ConfigPreviousGetParams, ConfigVersionSummary> = new Query("ConfigPreviousGet", configPreviousGetIR, { reads: true });

/** Parameters of `ConfigNextGet`. */
export interface ConfigNextGetParams {
  /** Version whose successor is returned. */
  id: number;
}

const configNextGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":510,"b":513}]}],"statement":"select\n  version.id as \"id!\",\n  version.device_id as \"device_id!\",\n  version.retrieved_at as \"retrieved_at!\",\n  version.verified_at as \"verified_at!\",\n  version.verified_count as \"verified_count!\",\n  version.valid_until,\n  version.content_hash as \"content_hash!\",\n  version.metadata as \"metadata!\",\n  version.previous_id,\n  version.added,\n  version.removed,\n  version.size as \"size!\"\nfrom device_configurations as given\njoin config_versions as version on version.device_id = given.device_id\nwhere\n  given.id = :id!\n  and (version.retrieved_at, version.id) > (given.retrieved_at, given.id)\norder by version.retrieved_at, version.id\nlimit 1"};

/**
 * Returns the version after a given one, without its text. Returns no row for
 * the latest version.
 * Reads.
 */
export const configNextGet: Query<ConfigNextGetParams, ConfigVersionSummary> = new Query("ConfigNextGet", configNextGetIR, { reads: true });
