// Generated from queries/config_exports.sql by make generate. Do not edit.
/**
 * Export of configuration histories to git, and import from git.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { unpackRow } from "../../connection/packed.ts";
import { Query, type QueryIR } from "../../query.ts";

/** Parameters of `ConfigExportList`. */
export interface ConfigExportListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The retrievedAt of the last row of the previous page. */
  afterRetrievedAt?: Date | null | undefined;
  deviceIds: readonly number[];
  /** Maximum rows to return. */
  limit: number;
  /** Skips versions younger than this, in milliseconds. */
  minimumAge?: number | null | undefined;
}

/** A row of `ConfigExportList`. */
export interface ConfigExportListRow {
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** The device the configuration was read from. */
  deviceId: number;
  /** Identity of the version. */
  id: number;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
}

const configExportListIR: QueryIR = {"usedParamSet":{"deviceIds":true,"afterRetrievedAt":true,"afterId":true,"minimumAge":true,"limit":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":124,"b":134}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":192,"b":208}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":251,"b":258}]},{"name":"minimumAge","required":false,"transform":{"type":"scalar"},"locs":[{"a":288,"b":298},{"a":370,"b":380}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":428,"b":434}]}],"statement":"select\n  id,\n  device_id,\n  retrieved_at,\n  config_data,\n  raw,\n  packed\nfrom device_configurations\nwhere\n  device_id = any(:deviceIds!::integer[])\n  and (retrieved_at, id)\n  > (\n    coalesce(:afterRetrievedAt::timestamptz, '-infinity'),\n    coalesce(:afterId::bigint, 0)\n  )\n  and (\n    :minimumAge::integer is null\n    or retrieved_at <= now() - make_interval(secs => :minimumAge / 1000.0)\n  )\norder by retrieved_at, id\nlimit :limit!::integer"};

/**
 * Lists the versions of some devices with their texts, oldest first, for a
 * cursor.
 * A save that began earlier may commit later, so that its version sorts before
 * versions that an export has already read. An export that continues an earlier
 * one therefore skips versions that are younger than the longest save.
 * Internal: a step of configExport.
 * Reads.
 */
export const configExportList: Query<ConfigExportListParams, ConfigExportListRow> = new Query("ConfigExportList", configExportListIR, { unpack: unpackRow<ConfigExportListRow>, reads: true });

/** Parameters of `ConfigImportDeviceList`. */
export interface ConfigImportDeviceListParams {
  hostnames: readonly string[];
  ids: readonly number[];
}

/** A row of `ConfigImportDeviceList`. */
export interface ConfigImportDeviceListRow {
  /** The latest configuration; null before the first. */
  configurationId: number | null;
  /** SHA-256 of the latest configuration, 32 bytes; null before the first. */
  contentHash: Uint8Array | null;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity of the device. */
  id: number;
  /** When the latest configuration was first read; null before the first. */
  retrievedAt: Date | null;
}

const configImportDeviceListIR: QueryIR = {"usedParamSet":{"hostnames":true,"ids":true},"params":[{"name":"hostnames","required":true,"transform":{"type":"scalar"},"locs":[{"a":303,"b":313}]},{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":346,"b":350}]}],"statement":"select\n  devices.id,\n  devices.hostname,\n  device_states.configuration_id as \"configuration_id?\",\n  device_states.retrieved_at as \"retrieved_at?\",\n  device_states.content_hash as \"content_hash?\"\nfrom devices\nleft join device_states on device_states.device_id = devices.id\nwhere\n  devices.hostname = any(:hostnames!::text[])\n  or devices.id = any(:ids!::integer[])\norder by devices.id"};

/**
 * Lists the devices that have one of the hostnames or ids, each with its latest
 * version.
 * Internal: a step of configImport.
 * Reads.
 */
export const configImportDeviceList: Query<ConfigImportDeviceListParams, ConfigImportDeviceListRow> = new Query("ConfigImportDeviceList", configImportDeviceListIR, { reads: true });

/** Parameters of `ConfigImportKnownList`. */
export interface ConfigImportKnownListParams {
  contentHashes: readonly Uint8Array[];
  deviceIds: readonly number[];
  times: readonly Date[];
}

/** A row of `ConfigImportKnownList`. */
export interface ConfigImportKnownListRow {
  begun: boolean;
  id: number;
  index: number;
}

const configImportKnownListIR: QueryIR = {"usedParamSet":{"deviceIds":true,"contentHashes":true,"times":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":117,"b":127}]},{"name":"contentHashes","required":true,"transform":{"type":"scalar"},"locs":[{"a":145,"b":159}]},{"name":"times","required":true,"transform":{"type":"scalar"},"locs":[{"a":175,"b":181}]}],"statement":"with given as (\n  select\n    place::integer - 1 as index,\n    device_id,\n    content_hash,\n    at\n  from unnest(\n    :deviceIds!::integer[],\n    :contentHashes!::bytea[],\n    :times!::timestamptz[]\n  ) with ordinality as given (device_id, content_hash, at, place)\n),\nfound as (\n  select\n    given.index,\n    device_configurations.id,\n    true as begun\n  from given\n  join device_configurations\n    on device_configurations.device_id = given.device_id\n    and device_configurations.content_hash = given.content_hash\n    and device_configurations.retrieved_at = given.at\n  union all\n  select\n    given.index,\n    device_configurations.id,\n    false as begun\n  from given\n  join device_configurations\n    on device_configurations.device_id = given.device_id\n    and device_configurations.content_hash = given.content_hash\n    and tstzrange(\n      device_configurations.retrieved_at,\n      device_configurations.valid_until\n    ) @> given.at\n    and device_configurations.retrieved_at < given.at\n)\nselect\n  index as \"index!\",\n  id as \"id!\",\n  begun as \"begun!\"\nfrom found\norder by index, id"};

/**
 * Finds the given texts that are already in the history: texts that were valid
 * on their device at the given time. Arrays are matched by position. Several
 * versions with one text may have been read at exactly that time; the oldest
 * comes first.
 * Internal: a step of configImport.
 * Reads.
 */
export const configImportKnownList: Query<ConfigImportKnownListParams, ConfigImportKnownListRow> = new Query("ConfigImportKnownList", configImportKnownListIR, { reads: true });
