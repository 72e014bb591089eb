// Generated from queries/credentials.sql by make generate. Do not edit.
/**
 * Credentials are logins. Only CredentialSecretGet and CredentialResealList
 * return an encrypted password.
 *
 * Steps of other functions: the package does not export them.
 *
 * @module
 */
import { Query, type QueryIR } from "../../query.ts";
import { sealedProblem } from "../../vault/envelope.ts";
import type { CredentialSummary } from "../credentials.ts";
import type { Id } from "./config_prunes.ts";

/** Parameters of `CredentialInsert`. */
export interface CredentialInsertParams {
  /** Encrypted password, bound to the uuid. */
  password: string;
  /** Lower numbers are tried first. Defaults to 100. */
  priority?: number | null | undefined;
  /** Tags that do not exist are created. */
  tagNames?: readonly string[] | null | undefined;
  /** Name to log in with. */
  username: string;
  /** Identity that the sealed password is bound to, made by the client; never changes. */
  uuid: string;
}

/** A row of `CredentialInsert`. */
export interface CredentialCreated {
  /** Identity of the credential. */
  id: number;
  /** When it was last tried on a device; null when it never was. */
  lastUsed: Date | null;
  /** Place in the order of trying; lower is tried first. */
  priority: number;
  /**
   * Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); each attempt weighs a
   * tenth.
   */
  successRate: number;
  /** Names of its tags, sorted. */
  tags: string[];
  /** Name to log in with. */
  username: string;
  /** Identity that the sealed password is bound to, made by the client; never changes. */
  uuid: string;
}

const credentialInsertIR: QueryIR = {"usedParamSet":{"uuid":true,"username":true,"password":true,"priority":true,"tagNames":true},"params":[{"name":"uuid","required":true,"transform":{"type":"scalar"},"locs":[{"a":97,"b":102}]},{"name":"username","required":true,"transform":{"type":"scalar"},"locs":[{"a":109,"b":118}]},{"name":"password","required":true,"transform":{"type":"scalar"},"locs":[{"a":125,"b":134}]},{"name":"priority","required":false,"transform":{"type":"scalar"},"locs":[{"a":156,"b":164}]},{"name":"tagNames","required":false,"transform":{"type":"scalar"},"locs":[{"a":287,"b":295}]}],"statement":"with inserted as (\n  insert into credentials (uuid, username, password, priority)\n  values (\n    :uuid!,\n    :username!,\n    :password!::text,\n    coalesce(:priority::integer, 100)\n  )\n  returning id, uuid, username, priority, last_used, success_rate\n),\nwanted as (\n  select tags_ensure(:tagNames::text[]) as tag\n  from inserted\n),\ntagged as (\n  insert into credential_tags (credential_id, tag_id)\n  select\n    inserted.id,\n    (wanted.tag).id\n  from inserted\n  cross join wanted\n)\nselect\n  id,\n  uuid,\n  username,\n  priority,\n  last_used,\n  success_rate,\n  array(select (tag).name from wanted order by 1) as \"tags!\"\nfrom inserted"};

/**
 * Creates a credential with its tags, creating tags that do not exist.
 * credentialCreate encrypts the password and binds it to the uuid.
 * Internal: a step of credentialCreate.
 * Writes credentials, tags, credential_tags.
 */
export const credentialInsert: Query<CredentialInsertParams, CredentialCreated> = new Query("CredentialInsert", credentialInsertIR, { checks: { password: sealedProblem } });

/** Parameters of `CredentialSecretGet`. */
export interface CredentialSecretGetParams {
  /** Name of the person or service that asks. */
  by: string;
  /** Identity of the credential. */
  id: number;
  /** Reason, as free text. */
  reason: string;
}

/** A row of `CredentialSecretGet`. */
export interface CredentialSecretGetRow {
  /** Identity of the credential. */
  id: number;
  /**
   * Key that the password is sealed with, read from its envelope; null for a password from before
   * there were keys, which nothing opens.
   */
  keyId: string | null;
  password: string;
  /** Identity of the entry; a higher one was made later. */
  revealId: number;
  /** Name to log in with. */
  username: string;
  /** Identity that the sealed password is bound to, made by the client; never changes. */
  uuid: string;
}

const credentialSecretGetIR: QueryIR = {"usedParamSet":{"id":true,"by":true,"reason":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":97,"b":100}]},{"name":"by","required":true,"transform":{"type":"scalar"},"locs":[{"a":231,"b":234}]},{"name":"reason","required":true,"transform":{"type":"scalar"},"locs":[{"a":241,"b":248}]}],"statement":"with revealed as (\n  select id, uuid, username, password, key_id\n  from credentials\n  where id = :id!\n),\nnoted as (\n  insert into credential_reveals (credential_id, username, revealed_by, reason)\n  select\n    id,\n    username,\n    :by!,\n    :reason!\n  from revealed\n  returning id\n)\nselect\n  revealed.id,\n  revealed.uuid,\n  revealed.username,\n  revealed.password::text as \"password!\",\n  revealed.key_id,\n  noted.id as reveal_id\nfrom revealed\ncross join noted"};

/**
 * Returns the encrypted password for immediate use, and records who asked for
 * it and why. The key is null for a password that was stored before keys
 * existed.
 * Internal: a step of credentialReveal.
 * Writes credential_reveals.
 */
export const credentialSecretGet: Query<CredentialSecretGetParams, CredentialSecretGetRow> = new Query("CredentialSecretGet", credentialSecretGetIR);

/** Parameters of `CredentialPasswordSet`. */
export interface CredentialPasswordSetParams {
  /** Identity of the credential. */
  id: number;
  /** Encrypted password, bound to the uuid. */
  password: string;
}

const credentialPasswordSetIR: QueryIR = {"usedParamSet":{"password":true,"id":true},"params":[{"name":"password","required":true,"transform":{"type":"scalar"},"locs":[{"a":56,"b":65}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":86,"b":89}]}],"statement":"with changed as (\n  update credentials\n  set password = :password!::text\n  where id = :id!\n  returning id, username, priority, last_used, success_rate\n),\nforgotten as (\n  delete from credential_attempts\n  where credential_id in (select id from changed)\n)\nselect id, username, priority, last_used, success_rate\nfrom changed"};

/**
 * Replaces the encrypted password. Deletes the recorded attempts, so that the
 * new password can be tried at once.
 * Internal: a step of credentialSetPassword.
 * Writes credentials, credential_attempts.
 */
export const credentialPasswordSet: Query<CredentialPasswordSetParams, CredentialSummary> = new Query("CredentialPasswordSet", credentialPasswordSetIR, { checks: { password: sealedProblem } });

/** Parameters of `CredentialUnsealedList`. */
export interface CredentialUnsealedListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** Maximum rows to return. */
  limit: number;
}

const credentialUnsealedListIR: QueryIR = {"usedParamSet":{"afterId":true,"limit":true},"params":[{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":70,"b":77}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":110,"b":116}]}],"statement":"select id\nfrom credentials\nwhere\n  key_id is null\n  and id > coalesce(:afterId::integer, 0)\norder by id\nlimit :limit!::integer"};

/**
 * Lists credentials whose password was stored before keys existed. It cannot be
 * decrypted: each needs a new password.
 * Internal: a step of keysStatus.
 * Reads.
 */
export const credentialUnsealedList: Query<CredentialUnsealedListParams, Id> = new Query("CredentialUnsealedList", credentialUnsealedListIR, { reads: true });

/** Parameters of `CredentialResealList`. */
export interface CredentialResealListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The key whose passwords are skipped. */
  keyId: string;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `CredentialResealList`. */
export interface CredentialResealListRow {
  /** Identity of the credential. */
  id: number;
  /**
   * Key that the password is sealed with, read from its envelope; null for a password from before
   * there were keys, which nothing opens.
   */
  keyId: string;
  sealed: string;
  /** Identity that the sealed password is bound to, made by the client; never changes. */
  uuid: string;
}

const credentialResealListIR: QueryIR = {"usedParamSet":{"keyId":true,"afterId":true,"limit":true},"params":[{"name":"keyId","required":true,"transform":{"type":"scalar"},"locs":[{"a":109,"b":115}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":137,"b":144}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":177,"b":183}]}],"statement":"select\n  id,\n  uuid,\n  key_id as \"key_id!\",\n  password::text as \"sealed!\"\nfrom credentials\nwhere\n  key_id <> :keyId!\n  and id > coalesce(:afterId::integer, 0)\norder by id\nlimit :limit!::integer"};

/**
 * Lists passwords that are encrypted with another key than this one, by id,
 * with the uuid that each is bound to.
 * Internal: a step of keysCheck and keysRotate.
 * Reads.
 */
export const credentialResealList: Query<CredentialResealListParams, CredentialResealListRow> = new Query("CredentialResealList", credentialResealListIR, { reads: true });

/** Parameters of `CredentialReseal`. */
export interface CredentialResealParams {
  ids: readonly number[];
  /** Re-encrypted passwords. */
  resealed: readonly string[];
  /** Encrypted passwords as they were read. */
  sealed: readonly string[];
}

const credentialResealIR: QueryIR = {"usedParamSet":{"ids":true,"sealed":true,"resealed":true},"params":[{"name":"ids","required":true,"transform":{"type":"scalar"},"locs":[{"a":60,"b":64},{"a":215,"b":219}]},{"name":"sealed","required":true,"transform":{"type":"scalar"},"locs":[{"a":78,"b":85}]},{"name":"resealed","required":true,"transform":{"type":"scalar"},"locs":[{"a":96,"b":105}]}],"statement":"with given as (\n  select id, sealed, resealed\n  from unnest(:ids!::integer[], :sealed!::text[], :resealed!::text[])\n    as given (id, sealed, resealed)\n),\nlocked as (\n  select id\n  from credentials\n  where id = any(:ids!::integer[])\n  order by id\n  for no key update skip locked\n)\nupdate credentials\nset password = given.resealed\nfrom given\njoin locked on locked.id = given.id\nwhere\n  credentials.id = given.id\n  and credentials.password = given.sealed\nreturning credentials.id"};

/**
 * Stores re-encrypted passwords. A password that was changed since it was read
 * stays as it is, and a locked row is skipped: the next pass reads both again.
 * Arrays are matched by position. Returns the changed credentials.
 * Internal: a step of keysRotate.
 * Writes credentials.
 */
export const credentialReseal: Query<CredentialResealParams, Id> = new Query("CredentialReseal", credentialResealIR, { checks: { resealed: sealedProblem, sealed: sealedProblem } });
