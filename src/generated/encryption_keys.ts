// Generated from queries/encryption_keys.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `EncryptionKeyInsert`. */
export interface EncryptionKeyInsertParams {
  checkValues: readonly string[];
  keyIds: readonly string[];
}

/** A row of `EncryptionKeyInsert`. */
export interface EncryptionKeyInsertResult {
  /** Name of the key, as in the key ring and in every envelope. */
  keyId: string;
}

const encryptionKeyInsertIR: QueryIR = {"usedParamSet":{"keyIds":true,"checkValues":true},"params":[{"name":"keyIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":89,"b":96}]},{"name":"checkValues","required":true,"transform":{"type":"scalar"},"locs":[{"a":107,"b":119}]}],"statement":"insert into encryption_keys (key_id, check_value)\nselect key_id, check_value\nfrom unnest(:keyIds!::text[], :checkValues!::text[])\n  as given (key_id, check_value)\norder by key_id\non conflict (key_id) do nothing\nreturning key_id"};

/**
 * The keys that sealed columns were or are sealed with, and a way to tell them
 * apart: never the keys themselves.
 * Notes keys that are not known yet; the arrays go together by position.
 * Returns those that this call noted.
 * Writes encryption_keys.
 *
 * ```sql
 * insert into encryption_keys (key_id, check_value)
 * select key_id, check_value
 * from unnest(:keyIds!::text[], :checkValues!::text[])
 *   as given (key_id, check_value)
 * order by key_id
 * on conflict (key_id) do nothing
 * returning key_id
 * ```
 */
export const encryptionKeyInsert: Query<EncryptionKeyInsertParams, EncryptionKeyInsertResult> = new Query("EncryptionKeyInsert", encryptionKeyInsertIR);

/** Parameters of `EncryptionKeyList`. */
export type EncryptionKeyListParams = void;

/** A row of `EncryptionKeyList`. */
export interface EncryptionKeyListResult {
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
 * Every key, the oldest first, with the number of rows that it seals. A row
 * without a key was stored before there were keys.
 * Reads.
 *
 * ```sql
 * select
 *   key_id,
 *   created_at,
 *   retired_at,
 *   check_value,
 *   (
 *     select count(*)
 *     from credentials
 *     where credentials.key_id = encryption_keys.key_id
 *   ) as "credentials!"
 * from encryption_keys
 * order by created_at, key_id
 * ```
 */
export const encryptionKeyList: Query<EncryptionKeyListParams, EncryptionKeyListResult> = new Query("EncryptionKeyList", encryptionKeyListIR, { reads: true });

/** Parameters of `EncryptionKeyRetire`. */
export interface EncryptionKeyRetireParams {
  keyId: string;
}

/** A row of `EncryptionKeyRetire`. */
export interface EncryptionKeyRetireResult {
  /** When a process first came with the key. */
  createdAt: Date;
  /** Name of the key, as in the key ring and in every envelope. */
  keyId: string;
  /** When the key was given up; null while rows may be sealed with it. */
  retiredAt: Date;
}

const encryptionKeyRetireIR: QueryIR = {"usedParamSet":{"keyId":true},"params":[{"name":"keyId","required":true,"transform":{"type":"scalar"},"locs":[{"a":91,"b":97}]}],"statement":"update encryption_keys\nset retired_at = date_trunc('milliseconds', now())\nwhere\n  key_id = :keyId!\n  and retired_at is null\nreturning key_id, created_at, retired_at as \"retired_at!\""};

/**
 * Gives a key up. A ConstraintError while a row is sealed with it; no row comes
 * back where it is retired already, or unknown.
 * Writes encryption_keys.
 *
 * ```sql
 * update encryption_keys
 * set retired_at = date_trunc('milliseconds', now())
 * where
 *   key_id = :keyId!
 *   and retired_at is null
 * returning key_id, created_at, retired_at as "retired_at!"
 * ```
 */
export const encryptionKeyRetire: Query<EncryptionKeyRetireParams, EncryptionKeyRetireResult> = new Query("EncryptionKeyRetire", encryptionKeyRetireIR);
