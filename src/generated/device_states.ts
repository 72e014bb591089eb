// Generated from queries/device_states.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `DeviceStateEnsure`. */
export interface DeviceStateEnsureParams {
  deviceIds: readonly number[];
}

/** A row of `DeviceStateEnsure`. */
export type DeviceStateEnsureResult = void;

const deviceStateEnsureIR: QueryIR = {"usedParamSet":{"deviceIds":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":76,"b":86}]}],"statement":"insert into device_states (device_id)\nselect id\nfrom devices\nwhere id = any(:deviceIds!::integer[])\norder by id\non conflict (device_id) do nothing"};

/**
 * Device states are the narrow rows that change at every contact.
 * Makes the states of devices where they are absent and the device exists.
 * Writes device_states.
 *
 * ```sql
 * insert into device_states (device_id)
 * select id
 * from devices
 * where id = any(:deviceIds!::integer[])
 * order by id
 * on conflict (device_id) do nothing
 * ```
 */
export const deviceStateEnsure: Query<DeviceStateEnsureParams, DeviceStateEnsureResult> = new Query("DeviceStateEnsure", deviceStateEnsureIR);

/** Parameters of `DeviceStateGet`. */
export interface DeviceStateGetParams {
  deviceId: number;
}

/** A row of `DeviceStateGet`. */
export interface DeviceStateGetResult {
  /** The latest configuration; null before the first. */
  configurationId: number | null;
  /** SHA-256 of the latest configuration, 32 bytes; null before the first. */
  contentHash: Uint8Array | null;
  /** The device this is the state of. */
  deviceId: number;
  /** The job that was made last for the device; null when it has none. */
  jobId: number | null;
  /** When the latest configuration was first read; null before the first. */
  retrievedAt: Date | null;
  /** When the latest configuration was last read; null before the first. */
  verifiedAt: Date | null;
  /** How often the latest configuration was read; 0 before the first. */
  verifiedCount: number;
}

const deviceStateGetIR: QueryIR = {"usedParamSet":{"deviceId":true},"params":[{"name":"deviceId","required":true,"transform":{"type":"scalar"},"locs":[{"a":151,"b":160}]}],"statement":"select\n  device_id,\n  content_hash,\n  configuration_id,\n  retrieved_at,\n  verified_at,\n  verified_count,\n  job_id\nfrom device_states\nwhere device_id = :deviceId!"};

/**
 * Reads.
 *
 * ```sql
 * select
 *   device_id,
 *   content_hash,
 *   configuration_id,
 *   retrieved_at,
 *   verified_at,
 *   verified_count,
 *   job_id
 * from device_states
 * where device_id = :deviceId!
 * ```
 */
export const deviceStateGet: Query<DeviceStateGetParams, DeviceStateGetResult> = new Query("DeviceStateGet", deviceStateGetIR, { reads: true });

/** Parameters of `DeviceStateLock`. */
export interface DeviceStateLockParams {
  deviceIds: readonly number[];
}

/** A row of `DeviceStateLock`. */
export interface DeviceStateLockResult {
  /** The latest configuration; null before the first. */
  configurationId: number | null;
  /** SHA-256 of the latest configuration, 32 bytes; null before the first. */
  contentHash: Uint8Array | null;
  /** The device this is the state of. */
  deviceId: number;
  /** When the latest configuration was first read; null before the first. */
  retrievedAt: Date | null;
  /** When the latest configuration was last read; null before the first. */
  verifiedAt: Date | null;
}

const deviceStateLockIR: QueryIR = {"usedParamSet":{"deviceIds":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":127,"b":137}]}],"statement":"select\n  device_id,\n  content_hash,\n  configuration_id,\n  retrieved_at,\n  verified_at\nfrom device_states\nwhere device_id = any(:deviceIds!::integer[])\norder by device_id\nfor no key update"};

/**
 * Keeps other savers of these devices waiting until the transaction ends.
 * What is read after it, by another statement, is current.
 * Writes nothing, locks device_states.
 *
 * ```sql
 * select
 *   device_id,
 *   content_hash,
 *   configuration_id,
 *   retrieved_at,
 *   verified_at
 * from device_states
 * where device_id = any(:deviceIds!::integer[])
 * order by device_id
 * for no key update
 * ```
 */
export const deviceStateLock: Query<DeviceStateLockParams, DeviceStateLockResult> = new Query("DeviceStateLock", deviceStateLockIR);
