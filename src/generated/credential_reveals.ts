// Generated from queries/credential_reveals.sql by make generate. Do not edit.
/**
 * Audit log of passwords that were read in clear text. CredentialSecretGet adds
 * the entries.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `CredentialRevealList`. */
export interface CredentialRevealListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** Only of this credential. */
  credentialId?: number | null | undefined;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `CredentialRevealList`. */
export interface CredentialReveal {
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
 * Lists entries of one credential or of all, newest first.
 * Reads.
 */
export const credentialRevealList: Query<CredentialRevealListParams, CredentialReveal> = new Query("CredentialRevealList", credentialRevealListIR, { reads: true });
