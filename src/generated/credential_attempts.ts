// Generated from queries/credential_attempts.sql by make generate. Do not edit.
/**
 * Results of the latest attempts with each credential on each device.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `CredentialLockoutList`. */
export interface CredentialLockoutListParams {
  /** The credentialId of the last row of the previous page. */
  afterCredentialId?: number | null | undefined;
  /** The deviceId of the last row of the previous page. */
  afterDeviceId?: number | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** Consecutive failures that lock a credential out. Defaults to 3; 0 disables lockouts. */
  lockoutFailures?: number | null | undefined;
  /** Duration of a lockout in seconds. Defaults to 900. */
  lockoutSeconds?: number | null | undefined;
}

/** A row of `CredentialLockoutList`. */
export interface CredentialLockoutListRow {
  /** When the last attempt was made. */
  attemptedAt: Date;
  /** The credential it was tried with. */
  credentialId: number;
  /** The device that was tried. */
  deviceId: number;
  /** Failures in a row up to the last attempt; 0 when that succeeded. */
  failures: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Name to log in with. */
  username: string;
}

const credentialLockoutListIR: QueryIR = {"usedParamSet":{"lockoutFailures":true,"lockoutSeconds":true,"afterDeviceId":true,"afterCredentialId":true,"limit":true},"params":[{"name":"lockoutFailures","required":false,"transform":{"type":"scalar"},"locs":[{"a":401,"b":416}]},{"name":"lockoutSeconds","required":false,"transform":{"type":"scalar"},"locs":[{"a":517,"b":531}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":641,"b":654}]},{"name":"afterCredentialId","required":false,"transform":{"type":"scalar"},"locs":[{"a":683,"b":700}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":799,"b":805}]}],"statement":"select\n  credential_attempts.device_id,\n  devices.hostname,\n  credential_attempts.credential_id,\n  credentials.username,\n  credential_attempts.failures,\n  credential_attempts.attempted_at\nfrom credential_attempts\njoin devices on devices.id = credential_attempts.device_id\njoin credentials on credentials.id = credential_attempts.credential_id\nwhere\n  credential_attempts.failures\n  >= nullif(coalesce(:lockoutFailures::integer, 3), 0)\n  and credential_attempts.attempted_at\n  > now() - make_interval(secs => coalesce(:lockoutSeconds::integer, 900))\n  and (credential_attempts.device_id, credential_attempts.credential_id)\n  > (\n    coalesce(:afterDeviceId::integer, 0),\n    coalesce(:afterCredentialId::integer, 0)\n  )\norder by credential_attempts.device_id, credential_attempts.credential_id\nlimit :limit!::integer"};

/**
 * Lists the credentials that are locked out on a device, by device and
 * credential: those that CredentialMatch excludes there with the same limits.
 * Reads.
 */
export const credentialLockoutList: Query<CredentialLockoutListParams, CredentialLockoutListRow> = new Query("CredentialLockoutList", credentialLockoutListIR, { reads: true });

/** Parameters of `CredentialLockoutClear`. */
export interface CredentialLockoutClearParams {
  /** The credential it was tried with. */
  credentialId: number;
  /** Only on these devices. Defaults to all. */
  deviceIds?: readonly number[] | null | undefined;
}

/** A row of `CredentialLockoutClear`. */
export interface CredentialLockoutClearRow {
  /** When the last attempt was made. */
  attemptedAt: Date;
  /** The credential it was tried with. */
  credentialId: number;
  /** The device that was tried. */
  deviceId: number;
  /** Failures in a row up to the last attempt; 0 when that succeeded. */
  failures: number;
}

const credentialLockoutClearIR: QueryIR = {"usedParamSet":{"credentialId":true,"deviceIds":true},"params":[{"name":"credentialId","required":true,"transform":{"type":"scalar"},"locs":[{"a":56,"b":69}]},{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":78,"b":87},{"a":127,"b":136}]}],"statement":"delete from credential_attempts\nwhere\n  credential_id = :credentialId!\n  and (:deviceIds::integer[] is null or device_id = any(:deviceIds))\nreturning device_id, credential_id, failures, attempted_at"};

/**
 * Deletes the recorded attempts with a credential, so that it can be tried at
 * once.
 * Writes credential_attempts.
 */
export const credentialLockoutClear: Query<CredentialLockoutClearParams, CredentialLockoutClearRow> = new Query("CredentialLockoutClear", credentialLockoutClearIR);
