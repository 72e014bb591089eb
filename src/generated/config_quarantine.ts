// Generated from queries/config_quarantine.sql by make generate. Do not edit.
/**
 * The quarantine holds configurations that may be incomplete.
 *
 * @module
 */
import type { Json } from "../json.ts";
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConfigQuarantineGet`. */
export interface ConfigQuarantineGetParams {
  /** Identity; no version has it until this one is released. */
  id: number;
}

/** A row of `ConfigQuarantineGet`. */
export interface QuarantinedConfig {
  /** The text as the device sent it; where that was no text, a readable form of raw. */
  configData: string;
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device that sent it. */
  deviceId: number;
  /** Identity; no version has it until this one is released. */
  id: number;
  /** The latest configuration; null before the first. */
  latestId: number | null;
  /** What the caller noted about it when it was first read: a JSON object, empty by default. */
  metadata: Json;
  /** The bytes as the device sent them; null when they are the text in UTF-8. */
  raw: Uint8Array | null;
  /** What is wrong with it: empty, shrunk, no_end_marker, flapping. */
  reasons: string[];
  /** When this text was first read. */
  retrievedAt: Date;
  /** When this text was last read. */
  verifiedAt: Date;
  /** How often this text was read. */
  verifiedCount: number;
}

const configQuarantineGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":500,"b":503}]}],"statement":"select\n  config_quarantine.id,\n  config_quarantine.device_id,\n  config_quarantine.reasons,\n  config_quarantine.retrieved_at,\n  config_quarantine.verified_at,\n  config_quarantine.verified_count,\n  config_quarantine.content_hash,\n  config_quarantine.metadata,\n  device_states.configuration_id as \"latest_id?\",\n  config_quarantine.config_data,\n  config_quarantine.raw\nfrom config_quarantine\nleft join device_states\n  on device_states.device_id = config_quarantine.device_id\nwhere config_quarantine.id = :id!"};

/**
 * Returns a quarantined configuration with its text.
 * Reads.
 */
export const configQuarantineGet: Query<ConfigQuarantineGetParams, QuarantinedConfig> = new Query("ConfigQuarantineGet", configQuarantineGetIR, { reads: true });

/** Parameters of `ConfigQuarantineList`. */
export interface ConfigQuarantineListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The retrievedAt of the last row of the previous page. */
  afterRetrievedAt?: Date | null | undefined;
  /** Only these devices. */
  deviceIds?: readonly number[] | null | undefined;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `ConfigQuarantineList`. */
export interface ConfigQuarantineListRow {
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device that sent it. */
  deviceId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Identity; no version has it until this one is released. */
  id: number;
  /** The latest configuration; null before the first. */
  latestId: number | null;
  /** Size of the latest version in bytes. */
  latestSize: number | null;
  /** What the caller noted about it when it was first read: a JSON object, empty by default. */
  metadata: Json;
  /** What is wrong with it: empty, shrunk, no_end_marker, flapping. */
  reasons: string[];
  /** When this text was first read. */
  retrievedAt: Date;
  /** Size of the text in bytes. */
  size: number;
  /** When this text was last read. */
  verifiedAt: Date;
  /** How often this text was read. */
  verifiedCount: number;
}

const configQuarantineListIR: QueryIR = {"usedParamSet":{"deviceIds":true,"afterRetrievedAt":true,"afterId":true,"limit":true},"params":[{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":744,"b":753},{"a":815,"b":824}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":911,"b":927}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":970,"b":977}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":1063,"b":1069}]}],"statement":"select\n  config_quarantine.id,\n  config_quarantine.device_id,\n  devices.hostname,\n  config_quarantine.reasons,\n  config_quarantine.retrieved_at,\n  config_quarantine.verified_at,\n  config_quarantine.verified_count,\n  config_quarantine.content_hash,\n  config_quarantine.metadata,\n  coalesce(\n    octet_length(config_quarantine.raw),\n    octet_length(config_quarantine.config_data)\n  ) as \"size!\",\n  device_states.configuration_id as \"latest_id?\",\n  latest.size as \"latest_size?\"\nfrom config_quarantine\njoin devices on devices.id = config_quarantine.device_id\nleft join device_states\n  on device_states.device_id = config_quarantine.device_id\nleft join device_configurations as latest\n  on latest.id = device_states.configuration_id\nwhere\n  (\n    :deviceIds::integer[] is null\n    or config_quarantine.device_id = any(:deviceIds)\n  )\n  and (config_quarantine.retrieved_at, config_quarantine.id)\n  > (\n    coalesce(:afterRetrievedAt::timestamptz, '-infinity'),\n    coalesce(:afterId::bigint, 0)\n  )\norder by config_quarantine.retrieved_at, config_quarantine.id\nlimit :limit!::integer"};

/**
 * Lists quarantined configurations without their texts, oldest first.
 * Reads.
 */
export const configQuarantineList: Query<ConfigQuarantineListParams, ConfigQuarantineListRow> = new Query("ConfigQuarantineList", configQuarantineListIR, { reads: true });

/** Parameters of `ConfigQuarantineDrop`. */
export interface ConfigQuarantineDropParams {
  /** Identity; no version has it until this one is released. */
  id: number;
}

/** A row of `ConfigQuarantineDrop`. */
export interface ConfigQuarantineDropRow {
  /** SHA-256 of what the device sent, 32 bytes. */
  contentHash: Uint8Array;
  /** The device that sent it. */
  deviceId: number;
  /** Identity; no version has it until this one is released. */
  id: number;
  /** What the caller noted about it when it was first read: a JSON object, empty by default. */
  metadata: Json;
  /** What is wrong with it: empty, shrunk, no_end_marker, flapping. */
  reasons: string[];
  /** When this text was first read. */
  retrievedAt: Date;
  /** When this text was last read. */
  verifiedAt: Date;
  /** How often this text was read. */
  verifiedCount: number;
}

const configQuarantineDropIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":41,"b":44}]}],"statement":"delete from config_quarantine\nwhere id = :id!\nreturning\n  id,\n  device_id,\n  reasons,\n  retrieved_at,\n  verified_at,\n  verified_count,\n  content_hash,\n  metadata"};

/**
 * Discards a quarantined configuration permanently.
 * Writes config_quarantine.
 */
export const configQuarantineDrop: Query<ConfigQuarantineDropParams, ConfigQuarantineDropRow> = new Query("ConfigQuarantineDrop", configQuarantineDropIR);
