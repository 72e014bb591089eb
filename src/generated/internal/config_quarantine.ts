// Generated from queries/config_quarantine.sql by make generate. Do not edit.
/**
 * The quarantine holds configurations that may be incomplete.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import type { Json } from "../../json.ts";
import { Query, type QueryIR } from "../../query.ts";

/** Parameters of `ConfigQuarantineInsert`. */
export interface ConfigQuarantineInsertParams {
  configDatas: readonly string[];
  contentHashes: readonly Uint8Array[];
  deviceIds: readonly number[];
  /** Empty if null. */
  metadatas: readonly (Json | null)[];
  /** Bytes from the device; null if they are the text in UTF-8. */
  raws: readonly (Uint8Array | null)[];
  /** Reasons for each text, separated by commas. */
  reasons: readonly string[];
  /** Now if null. */
  retrievedAts: readonly (Date | null)[];
}

/** A row of `ConfigQuarantineInsert`. */
export interface ConfigQuarantineInsertRow {
  /** The device that sent it. */
  deviceId: number;
  /** Identity; no version has it until this one is released. */
  id: number;
}

const configQuarantineInsertIR: QueryIR = {"usedParamSet":{"deviceIds":true,"configDatas":true,"raws":true,"contentHashes":true,"reasons":true,"metadatas":true,"retrievedAts":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":526,"b":536}]},{"name":"configDatas","required":true,"transform":{"type":"scalar"},"locs":[{"a":556,"b":568}]},{"name":"raws","required":true,"transform":{"type":"scalar"},"locs":[{"a":585,"b":590}]},{"name":"contentHashes","required":true,"transform":{"type":"scalar"},"locs":[{"a":608,"b":622}]},{"name":"reasons","required":true,"transform":{"type":"scalar"},"locs":[{"a":640,"b":648}]},{"name":"metadatas","required":true,"transform":{"type":"scalar"},"locs":[{"a":665,"b":675}]},{"name":"retrievedAts","required":true,"transform":{"type":"scalar"},"locs":[{"a":693,"b":706}]}],"statement":"insert into config_quarantine (\n  device_id,\n  config_data,\n  raw,\n  content_hash,\n  reasons,\n  metadata,\n  retrieved_at,\n  verified_at\n)\nselect\n  given.device_id,\n  given.config_data,\n  given.raw,\n  given.content_hash,\n  string_to_array(given.reasons, ','),\n  coalesce(given.metadata, '{}'),\n  given.read_at,\n  given.read_at\nfrom (\n  select\n    device_id,\n    config_data,\n    raw,\n    content_hash,\n    reasons,\n    metadata,\n    coalesce(retrieved_at, date_trunc('milliseconds', now())) as read_at\n  from\n    unnest(\n      :deviceIds!::integer[],\n      :configDatas!::text[],\n      :raws!::bytea[],\n      :contentHashes!::bytea[],\n      :reasons!::text[],\n      :metadatas!::jsonb[],\n      :retrievedAts!::timestamptz[]\n    ) as given (\n      device_id,\n      config_data,\n      raw,\n      content_hash,\n      reasons,\n      metadata,\n      retrieved_at\n    )\n) as given\non conflict (device_id, content_hash) do update set\n  reasons = excluded.reasons,\n  verified_at = greatest(config_quarantine.verified_at, excluded.verified_at),\n  verified_count = config_quarantine.verified_count + 1\nreturning id, device_id"};

/**
 * Adds configurations to the quarantine, or records that they were read again.
 * Arrays are matched by position. Device states do not change: the previous
 * version stays the latest.
 * Internal: a step of configSave.
 * Writes config_quarantine.
 */
export const configQuarantineInsert: Query<ConfigQuarantineInsertParams, ConfigQuarantineInsertRow> = new Query("ConfigQuarantineInsert", configQuarantineInsertIR);
