// Generated from queries/credential_reveals.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `CredentialRevealList`. */
export interface CredentialRevealListParams {
  afterId?: number | null | undefined;
  credentialId?: number | null | undefined;
  limit: number;
}

/** A row of `CredentialRevealList`. */
export interface CredentialRevealListResult {
  /** The credential whose password was asked for; it may be gone by now. */
  credentialId: number;
  /** Identity of the entry; a higher one was made later. */
  id: number;
  /** Why, in the words of who asked. */
  reason: string;
  /** When. */
  revealedAt: Date;
  /** Who asked: a person or a service. */
  revealedBy: string;
  /** The credential's name to log in with, as it was then. */
  username: string;
}

const credentialRevealListIR: QueryIR = {"usedParamSet":{"credentialId":true,"afterId":true,"limit":true},"params":[{"name":"credentialId","required":false,"transform":{"type":"scalar"},"locs":[{"a":114,"b":126},{"a":164,"b":176}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":199,"b":206}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":261,"b":267}]}],"statement":"select\n  id,\n  credential_id,\n  username,\n  revealed_by,\n  reason,\n  revealed_at\nfrom credential_reveals\nwhere\n  (:credentialId::integer is null or credential_id = :credentialId)\n  and id < coalesce(:afterId::bigint, 9223372036854775807)\norder by id desc\nlimit :limit!::integer"};

/**
 * Who asked for a password in the clear: CredentialSecretGet adds the entries.
 * Newest first; of one credential, or of all.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   credential_id,
 *   username,
 *   revealed_by,
 *   reason,
 *   revealed_at
 * from credential_reveals
 * where
 *   (:credentialId::integer is null or credential_id = :credentialId)
 *   and id < coalesce(:afterId::bigint, 9223372036854775807)
 * order by id desc
 * limit :limit!::integer
 * ```
 */
export const credentialRevealList: Query<CredentialRevealListParams, CredentialRevealListResult> = new Query("CredentialRevealList", credentialRevealListIR, { reads: true });
