// Generated from queries/config_quarantine.sql by make generate. Do not edit.
import type { Json } from "../json.ts";
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConfigQuarantineInsert`. */
export interface ConfigQuarantineInsertParams {
  configDatas: readonly string[];
  contentHashes: readonly Uint8Array[];
  deviceIds: readonly number[];
  metadatas: readonly Json[];
  raws: readonly Uint8Array[];
  reasons: readonly string[];
  retrievedAts: readonly Date[];
}

/** A row of `ConfigQuarantineInsert`. */
export interface ConfigQuarantineInsertResult {
  /** The device that sent it. */
  deviceId: number;
  /** Identity; no version has it until this one is released. */
  id: number;
}

const configQuarantineInsertIR: QueryIR = {"usedParamSet":{"deviceIds":true,"configDatas":true,"raws":true,"contentHashes":true,"reasons":true,"metadatas":true,"retrievedAts":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":526,"b":536}]},{"name":"configDatas","required":true,"transform":{"type":"scalar"},"locs":[{"a":556,"b":568}]},{"name":"raws","required":true,"transform":{"type":"scalar"},"locs":[{"a":585,"b":590}]},{"name":"contentHashes","required":true,"transform":{"type":"scalar"},"locs":[{"a":608,"b":622}]},{"name":"reasons","required":true,"transform":{"type":"scalar"},"locs":[{"a":640,"b":648}]},{"name":"metadatas","required":true,"transform":{"type":"scalar"},"locs":[{"a":665,"b":675}]},{"name":"retrievedAts","required":true,"transform":{"type":"scalar"},"locs":[{"a":693,"b":706}]}],"statement":"insert into config_quarantine (\n  device_id,\n  config_data,\n  raw,\n  content_hash,\n  reasons,\n  metadata,\n  retrieved_at,\n  verified_at\n)\nselect\n  given.device_id,\n  given.config_data,\n  given.raw,\n  given.content_hash,\n  string_to_array(given.reasons, ','),\n  coalesce(given.metadata, '{}'),\n  given.read_at,\n  given.read_at\nfrom (\n  select\n    device_id,\n    config_data,\n    raw,\n    content_hash,\n    reasons,\n    metadata,\n    coalesce(retrieved_at, date_trunc('milliseconds', now())) as read_at\n  from\n    unnest(\n      :deviceIds!::integer[],\n      :configDatas!::text[],\n      :raws!::bytea[],\n      :contentHashes!::bytea[],\n      :reasons!::text[],\n      :metadatas!::jsonb[],\n      :retrievedAts!::timestamptz[]\n    ) as given (\n      device_id,\n      config_data,\n      raw,\n      content_hash,\n      reasons,\n      metadata,\n      retrieved_at\n    )\n) as given\non conflict (device_id, content_hash) do update set\n  reasons = excluded.reasons,\n  verified_at = greatest(config_quarantine.verified_at, excluded.verified_at),\n  verified_count = config_quarantine.verified_count + 1\nreturning id, device_id"};

/**
 * The quarantine holds what devices sent that may be no whole configuration.
 * Stores such texts, or notes that they were read again; the arrays go together
 * by position. No state moves: the version before stays the latest. The time is
 * now; for an import it may be given.
 * Writes config_quarantine.
 *
 * ```sql
 * insert into config_quarantine (
 *   device_id,
 *   config_data,
 *   raw,
 *   content_hash,
 *   reasons,
 *   metadata,
 *   retrieved_at,
 *   verified_at
 * )
 * select
 *   given.device_id,
 *   given.config_data,
 *   given.raw,
 *   given.content_hash,
 *   -- PostgreSQL has no arrays of arrays of different lengths.
 *   string_to_array(given.reasons, ','),
 *   coalesce(given.metadata, '{}'),
 *   given.read_at,
 *   given.read_at
 * from (
 *   select
 *     device_id,
 *     config_data,
 *     raw,
 *     content_hash,
 *     reasons,
 *     metadata,
 *     coalesce(retrieved_at, date_trunc('milliseconds', now())) as read_at
 *   from
 *     unnest(
 *       :deviceIds!::integer[],
 *       :configDatas!::text[],
 *       :raws!::bytea[],
 *       :contentHashes!::bytea[],
 *       :reasons!::text[],
 *       :metadatas!::jsonb[],
 *       :retrievedAts!::timestamptz[]
 *     ) as given (
 *       device_id,
 *       config_data,
 *       raw,
 *       content_hash,
 *       reasons,
 *       metadata,
 *       retrieved_at
 *     )
 * ) as given
 * on conflict (device_id, content_hash) do update set
 *   reasons = excluded.reasons,
 *   verified_at = greatest(config_quarantine.verified_at, excluded.verified_at),
 *   verified_count = config_quarantine.verified_count + 1
 * returning id, device_id
 * ```
 */
export const configQuarantineInsert: Query<ConfigQuarantineInsertParams, ConfigQuarantineInsertResult> = new Query("ConfigQuarantineInsert", configQuarantineInsertIR);

/** Parameters of `ConfigQuarantineGet`. */
export interface ConfigQuarantineGetParams {
  id: number;
}

/** A row of `ConfigQuarantineGet`. */
export interface ConfigQuarantineGetResult {
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
 * One of them with its text.
 * Reads.
 *
 * ```sql
 * select
 *   config_quarantine.id,
 *   config_quarantine.device_id,
 *   config_quarantine.reasons,
 *   config_quarantine.retrieved_at,
 *   config_quarantine.verified_at,
 *   config_quarantine.verified_count,
 *   config_quarantine.content_hash,
 *   config_quarantine.metadata,
 *   device_states.configuration_id as "latest_id?",
 *   config_quarantine.config_data,
 *   config_quarantine.raw
 * from config_quarantine
 * left join device_states
 *   on device_states.device_id = config_quarantine.device_id
 * where config_quarantine.id = :id!
 * ```
 */
export const configQuarantineGet: Query<ConfigQuarantineGetParams, ConfigQuarantineGetResult> = new Query("ConfigQuarantineGet", configQuarantineGetIR, { reads: true });

/** Parameters of `ConfigQuarantineList`. */
export interface ConfigQuarantineListParams {
  afterId?: number | null | undefined;
  afterRetrievedAt?: Date | null | undefined;
  deviceIds?: readonly number[] | null | undefined;
  limit: number;
}

/** A row of `ConfigQuarantineList`. */
export interface ConfigQuarantineListResult {
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
  /** How many bytes the device sent. */
  latestSize: number | null;
  /** What the caller noted about it when it was first read: a JSON object, empty by default. */
  metadata: Json;
  /** What is wrong with it: empty, shrunk, no_end_marker, flapping. */
  reasons: string[];
  /** When this text was first read. */
  retrievedAt: Date;
  size: number;
  /** When this text was last read. */
  verifiedAt: Date;
  /** How often this text was read. */
  verifiedCount: number;
}

const configQuarantineListIR: QueryIR = {"usedParamSet":{"deviceIds":true,"afterRetrievedAt":true,"afterId":true,"limit":true},"params":[{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":744,"b":753},{"a":815,"b":824}]},{"name":"afterRetrievedAt","required":false,"transform":{"type":"scalar"},"locs":[{"a":911,"b":927}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":970,"b":977}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":1063,"b":1069}]}],"statement":"select\n  config_quarantine.id,\n  config_quarantine.device_id,\n  devices.hostname,\n  config_quarantine.reasons,\n  config_quarantine.retrieved_at,\n  config_quarantine.verified_at,\n  config_quarantine.verified_count,\n  config_quarantine.content_hash,\n  config_quarantine.metadata,\n  coalesce(\n    octet_length(config_quarantine.raw),\n    octet_length(config_quarantine.config_data)\n  ) as \"size!\",\n  device_states.configuration_id as \"latest_id?\",\n  latest.size as \"latest_size?\"\nfrom config_quarantine\njoin devices on devices.id = config_quarantine.device_id\nleft join device_states\n  on device_states.device_id = config_quarantine.device_id\nleft join device_configurations as latest\n  on latest.id = device_states.configuration_id\nwhere\n  (\n    :deviceIds::integer[] is null\n    or config_quarantine.device_id = any(:deviceIds)\n  )\n  and (config_quarantine.retrieved_at, config_quarantine.id)\n  > (\n    coalesce(:afterRetrievedAt::timestamptz, '-infinity'),\n    coalesce(:afterId::bigint, 0)\n  )\norder by config_quarantine.retrieved_at, config_quarantine.id\nlimit :limit!::integer"};

/**
 * What waits for a person, without the texts, longest first; size in bytes, and
 * that of the latest version beside it.
 * Reads.
 *
 * ```sql
 * select
 *   config_quarantine.id,
 *   config_quarantine.device_id,
 *   devices.hostname,
 *   config_quarantine.reasons,
 *   config_quarantine.retrieved_at,
 *   config_quarantine.verified_at,
 *   config_quarantine.verified_count,
 *   config_quarantine.content_hash,
 *   config_quarantine.metadata,
 *   coalesce(
 *     octet_length(config_quarantine.raw),
 *     octet_length(config_quarantine.config_data)
 *   ) as "size!",
 *   device_states.configuration_id as "latest_id?",
 *   latest.size as "latest_size?"
 * from config_quarantine
 * join devices on devices.id = config_quarantine.device_id
 * left join device_states
 *   on device_states.device_id = config_quarantine.device_id
 * left join device_configurations as latest
 *   on latest.id = device_states.configuration_id
 * where
 *   (
 *     :deviceIds::integer[] is null
 *     or config_quarantine.device_id = any(:deviceIds)
 *   )
 *   and (config_quarantine.retrieved_at, config_quarantine.id)
 *   > (
 *     coalesce(:afterRetrievedAt::timestamptz, '-infinity'),
 *     coalesce(:afterId::bigint, 0)
 *   )
 * order by config_quarantine.retrieved_at, config_quarantine.id
 * limit :limit!::integer
 * ```
 */
export const configQuarantineList: Query<ConfigQuarantineListParams, ConfigQuarantineListResult> = new Query("ConfigQuarantineList", configQuarantineListIR, { reads: true });

/** Parameters of `ConfigQuarantineDrop`. */
export interface ConfigQuarantineDropParams {
  id: number;
}

/** A row of `ConfigQuarantineDrop`. */
export interface ConfigQuarantineDropResult {
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
 * Drops one of them for good.
 * Writes config_quarantine.
 *
 * ```sql
 * delete from config_quarantine
 * where id = :id!
 * returning
 *   id,
 *   device_id,
 *   reasons,
 *   retrieved_at,
 *   verified_at,
 *   verified_count,
 *   content_hash,
 *   metadata
 * ```
 */
export const configQuarantineDrop: Query<ConfigQuarantineDropParams, ConfigQuarantineDropResult> = new Query("ConfigQuarantineDrop", configQuarantineDropIR);
