// Generated from queries/device_states.sql by make generate. Do not edit.
/**
 * Device states are narrow rows that are updated whenever a device is read.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `DeviceStateGet`. */
export interface DeviceStateGetParams {
  /** The device this is the state of. */
  deviceId: number;
}

/** A row of `DeviceStateGet`. */
export interface DeviceState {
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

/** Reads. */
export const deviceStateGet: Query<DeviceStateGetParams, DeviceState> = new Query("DeviceStateGet", deviceStateGetIR, { reads: true });
