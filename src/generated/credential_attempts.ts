// Generated from queries/credential_attempts.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `CredentialLockoutList`. */
export interface CredentialLockoutListParams {
  afterCredentialId?: number | null | undefined;
  afterDeviceId?: number | null | undefined;
  limit: number;
  lockoutFailures?: number | null | undefined;
  lockoutSeconds?: number | null | undefined;
}

/** A row of `CredentialLockoutList`. */
export interface CredentialLockoutListResult {
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
 * How the last attempts with a credential on a device went.
 * The credentials that failed on a device at least so many times in a row, and
 * lately, in the order of device and credential: what CredentialMatch leaves
 * out there. The numbers are those of CredentialMatch.
 * Reads.
 *
 * ```sql
 * select
 *   credential_attempts.device_id,
 *   devices.hostname,
 *   credential_attempts.credential_id,
 *   credentials.username,
 *   credential_attempts.failures,
 *   credential_attempts.attempted_at
 * from credential_attempts
 * join devices on devices.id = credential_attempts.device_id
 * join credentials on credentials.id = credential_attempts.credential_id
 * where
 *   credential_attempts.failures
 *   >= nullif(coalesce(:lockoutFailures::integer, 3), 0)
 *   and credential_attempts.attempted_at
 *   > now() - make_interval(secs => coalesce(:lockoutSeconds::integer, 900))
 *   and (credential_attempts.device_id, credential_attempts.credential_id)
 *   > (
 *     coalesce(:afterDeviceId::integer, 0),
 *     coalesce(:afterCredentialId::integer, 0)
 *   )
 * order by credential_attempts.device_id, credential_attempts.credential_id
 * limit :limit!::integer
 * ```
 */
export const credentialLockoutList: Query<CredentialLockoutListParams, CredentialLockoutListResult> = new Query("CredentialLockoutList", credentialLockoutListIR, { reads: true });

/** Parameters of `CredentialLockoutClear`. */
export interface CredentialLockoutClearParams {
  credentialId: number;
  deviceIds?: readonly number[] | null | undefined;
}

/** A row of `CredentialLockoutClear`. */
export interface CredentialLockoutClearResult {
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
 * Forgets the attempts with a credential on devices, so that it may be tried
 * at once; without devices on all.
 * Writes credential_attempts.
 *
 * ```sql
 * delete from credential_attempts
 * where
 *   credential_id = :credentialId!
 *   and (:deviceIds::integer[] is null or device_id = any(:deviceIds))
 * returning device_id, credential_id, failures, attempted_at
 * ```
 */
export const credentialLockoutClear: Query<CredentialLockoutClearParams, CredentialLockoutClearResult> = new Query("CredentialLockoutClear", credentialLockoutClearIR);
