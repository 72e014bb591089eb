// Generated from queries/device_states.sql by make generate. Do not edit.
/**
 * Device states are narrow rows that are updated whenever a device is read.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { Query, type QueryIR } from "../../query.ts";

/** Parameters of `DeviceStateEnsure`. */
export interface DeviceStateEnsureParams {
  deviceIds: readonly number[];
}

const deviceStateEnsureIR: QueryIR = {"usedParamSet":{"deviceIds":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":76,"b":86}]}],"statement":"insert into device_states (device_id)\nselect id\nfrom devices\nwhere id = any(:deviceIds!::integer[])\norder by id\non conflict (device_id) do nothing"};

/**
 * Creates the missing states of devices that exist.
 * Internal: a step of configSave.
 * Writes device_states.
 */
export const deviceStateEnsure: Query<DeviceStateEnsureParams, void> = new Query("DeviceStateEnsure", deviceStateEnsureIR);

/** Parameters of `DeviceStateLock`. */
export interface DeviceStateLockParams {
  deviceIds: readonly number[];
}

/** A row of `DeviceStateLock`. */
export interface LockedDeviceState {
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
 * Locks the states of devices until the transaction ends, so that other saves
 * of these devices wait. Later statements of the transaction read current data.
 * Internal: a step of configSave, configBlame and configDelete.
 * Writes nothing, locks device_states.
 */
export const deviceStateLock: Query<DeviceStateLockParams, LockedDeviceState> = new Query("DeviceStateLock", deviceStateLockIR);
