// Generated from queries/credential_tags.sql by make generate. Do not edit.
/**
 * Credential tags say which credential carries which tag.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `CredentialTagSet`. */
export interface CredentialTagSetParams {
  credentialIds: readonly number[];
  /** All tags that each credential is to have. */
  tagNames: readonly string[];
}

/** A row of `CredentialTagSet`, `CredentialTagAdd`, `CredentialTagRemove`. */
export interface CredentialTags {
  /** Identity of the credential. */
  credentialId: number;
  /** Names of its tags, sorted. */
  tags: string[];
}

const credentialTagSetIR: QueryIR = {"usedParamSet":{"tagNames":true,"credentialIds":true},"params":[{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":38,"b":47}]},{"name":"credentialIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":127,"b":141},{"a":233,"b":247}]}],"statement":"with wanted as (\n  select tags_ensure(:tagNames!::text[]) as tag\n),\nfound as (\n  select id\n  from credentials\n  where id = any(:credentialIds!::integer[])\n),\nremoved as (\n  delete from credential_tags\n  where\n    credential_id = any(:credentialIds!::integer[])\n    and tag_id not in (select (tag).id from wanted)\n),\nadded as (\n  insert into credential_tags (credential_id, tag_id)\n  select\n    found.id,\n    (wanted.tag).id\n  from found\n  cross join wanted\n  order by 1, 2\n  on conflict do nothing\n)\nselect\n  id as credential_id,\n  array(select (tag).name from wanted order by 1) as \"tags!\"\nfrom found\norder by id"};

/**
 * Replaces the tags of each credential, creating tags that do not exist.
 * Returns the credentials that exist, each with its tags. Two concurrent calls
 * for one credential may leave it with the tags of both.
 * Writes tags, credential_tags.
 */
export const credentialTagSet: Query<CredentialTagSetParams, CredentialTags> = new Query("CredentialTagSet", credentialTagSetIR);

/** Parameters of `CredentialTagAdd`. */
export interface CredentialTagAddParams {
  credentialIds: readonly number[];
  tagNames: readonly string[];
}

const credentialTagAddIR: QueryIR = {"usedParamSet":{"tagNames":true,"credentialIds":true},"params":[{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":38,"b":47}]},{"name":"credentialIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":127,"b":141}]}],"statement":"with wanted as (\n  select tags_ensure(:tagNames!::text[]) as tag\n),\nfound as (\n  select id\n  from credentials\n  where id = any(:credentialIds!::integer[])\n),\nadded as (\n  insert into credential_tags (credential_id, tag_id)\n  select\n    found.id,\n    (wanted.tag).id\n  from found\n  cross join wanted\n  order by 1, 2\n  on conflict do nothing\n)\nselect\n  id as credential_id,\n  array(\n    select (tag).name\n    from wanted\n    union\n    select name\n    from unnest(names) as had (name)\n    order by name\n  ) as \"tags!\"\nfrom found\ncross join credential_tag_names(id) as names\norder by id"};

/**
 * Adds the tags to each credential, creating tags that do not exist. Returns
 * the credentials that exist, each with its tags.
 * Writes tags, credential_tags.
 */
export const credentialTagAdd: Query<CredentialTagAddParams, CredentialTags> = new Query("CredentialTagAdd", credentialTagAddIR);

/** Parameters of `CredentialTagRemove`. */
export interface CredentialTagRemoveParams {
  credentialIds: readonly number[];
  tagNames: readonly string[];
}

const credentialTagRemoveIR: QueryIR = {"usedParamSet":{"credentialIds":true,"tagNames":true},"params":[{"name":"credentialIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":80,"b":94},{"a":502,"b":516}]},{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":164,"b":173},{"a":412,"b":421}]}],"statement":"with removed as (\n  delete from credential_tags\n  where\n    credential_id = any(:credentialIds!::integer[])\n    and tag_id in (select id from tags where name = any(:tagNames!::text[]))\n)\nselect\n  id as credential_id,\n  array(\n    select tags.name\n    from credential_tags\n    join tags on tags.id = credential_tags.tag_id\n    where\n      credential_tags.credential_id = credentials.id\n      and tags.name <> all(:tagNames!::text[])\n    order by tags.name\n  ) as \"tags!\"\nfrom credentials\nwhere id = any(:credentialIds!::integer[])\norder by id"};

/**
 * Removes the tags from each credential. Returns the credentials that exist,
 * each with its remaining tags.
 * Writes credential_tags.
 */
export const credentialTagRemove: Query<CredentialTagRemoveParams, CredentialTags> = new Query("CredentialTagRemove", credentialTagRemoveIR);
