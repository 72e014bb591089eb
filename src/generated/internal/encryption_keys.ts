// Generated from queries/encryption_keys.sql by make generate. Do not edit.
/**
 * The keys that encrypt columns now or did so earlier: ids and check values,
 * never the keys themselves.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { Query, type QueryIR } from "../../query.ts";

/** Parameters of `EncryptionKeyInsert`. */
export interface EncryptionKeyInsertParams {
  checkValues: readonly string[];
  keyIds: readonly string[];
}

/** A row of `EncryptionKeyInsert`. */
export interface EncryptionKeyInsertRow {
  /** Name of the key, as in the key ring and in every envelope. */
  keyId: string;
}

const encryptionKeyInsertIR: QueryIR = {"usedParamSet":{"keyIds":true,"checkValues":true},"params":[{"name":"keyIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":89,"b":96}]},{"name":"checkValues","required":true,"transform":{"type":"scalar"},"locs":[{"a":107,"b":119}]}],"statement":"insert into encryption_keys (key_id, check_value)\nselect key_id, check_value\nfrom unnest(:keyIds!::text[], :checkValues!::text[])\n  as given (key_id, check_value)\norder by key_id\non conflict (key_id) do nothing\nreturning key_id"};

/**
 * Records keys that are not known yet. Arrays are matched by position. Returns
 * the keys that this call recorded.
 * Internal: a step of vaultOf.
 * Writes encryption_keys.
 */
export const encryptionKeyInsert: Query<EncryptionKeyInsertParams, EncryptionKeyInsertRow> = new Query("EncryptionKeyInsert", encryptionKeyInsertIR);

/** A row of `EncryptionKeyList`. */
export interface EncryptionKey {
  /** A known text sealed with the key: tells another key of the same name. */
  checkValue: string;
  /** When a process first came with the key. */
  createdAt: Date;
  credentials: number;
  /** Name of the key, as in the key ring and in every envelope. */
  keyId: string;
  /** When the key was given up; null while rows may be sealed with it. */
  retiredAt: Date | null;
}

const encryptionKeyListIR: QueryIR = {"usedParamSet":{},"params":[],"statement":"select\n  key_id,\n  created_at,\n  retired_at,\n  check_value,\n  (\n    select count(*)\n    from credentials\n    where credentials.key_id = encryption_keys.key_id\n  ) as \"credentials!\"\nfrom encryption_keys\norder by created_at, key_id"};

/**
 * Lists all keys, oldest first, with the number of rows that each key encrypts.
 * A row without a key was stored before keys existed.
 * Internal: a step of keysStatus.
 * Reads.
 */
export const encryptionKeyList: Query<void, EncryptionKey> = new Query("EncryptionKeyList", encryptionKeyListIR, { reads: true });

/** Parameters of `EncryptionKeyRetire`. */
export interface EncryptionKeyRetireParams {
  /** Name of the key, as in the key ring and in every envelope. */
  keyId: string;
}

/** A row of `EncryptionKeyRetire`. */
export interface EncryptionKeyRetireRow {
  /** When a process first came with the key. */
  createdAt: Date;
  /** Name of the key, as in the key ring and in every envelope. */
  keyId: string;
  /** When the key was given up; null while rows may be sealed with it. */
  retiredAt: Date;
}

const encryptionKeyRetireIR: QueryIR = {"usedParamSet":{"keyId":true},"params":[{"name":"keyId","required":true,"transform":{"type":"scalar"},"locs":[{"a":91,"b":97}]}],"statement":"update encryption_keys\nset retired_at = date_trunc('milliseconds', now())\nwhere\n  key_id = :keyId!\n  and retired_at is null\nreturning key_id, created_at, retired_at as \"retired_at!\""};

/**
 * Retires a key. Fails with a ConstraintError while a row is encrypted with it.
 * Returns no row if the key is already retired or unknown.
 * Internal: a step of keysRetire.
 * Writes encryption_keys.
 */
export const encryptionKeyRetire: Query<EncryptionKeyRetireParams, EncryptionKeyRetireRow> = new Query("EncryptionKeyRetire", encryptionKeyRetireIR);
