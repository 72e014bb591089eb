// Generated from queries/credential_tags.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `CredentialTagSet`. */
export interface CredentialTagSetParams {
  credentialIds: readonly number[];
  tagNames: readonly string[];
}

/** A row of `CredentialTagSet`. */
export interface CredentialTagSetResult {
  /** Identity of the credential. */
  credentialId: number;
  tags: string[];
}

const credentialTagSetIR: QueryIR = {"usedParamSet":{"tagNames":true,"credentialIds":true},"params":[{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":53,"b":62},{"a":152,"b":161}]},{"name":"credentialIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":488,"b":502},{"a":594,"b":608}]}],"statement":"with given as (\n  select distinct name\n  from unnest(:tagNames!::text[]) as given (name)\n),\nknown as (\n  select id, name\n  from tags\n  where name = any(:tagNames!::text[])\n),\nmade as (\n  insert into tags (name)\n  select name\n  from given\n  where name not in (select name from known)\n  order by name\n  on conflict (name) do update set type = tags.type\n  returning id, name\n),\nwanted as (\n  table known\n  union all\n  table made\n),\nfound as (\n  select id\n  from credentials\n  where id = any(:credentialIds!::integer[])\n),\nremoved as (\n  delete from credential_tags\n  where\n    credential_id = any(:credentialIds!::integer[])\n    and tag_id not in (select id from wanted)\n),\nadded as (\n  insert into credential_tags (credential_id, tag_id)\n  select\n    found.id,\n    wanted.id\n  from found\n  cross join wanted\n  order by found.id, wanted.id\n  on conflict do nothing\n)\nselect\n  id as credential_id,\n  array(select name from wanted order by name) as \"tags!\"\nfrom found\norder by id"};

/**
 * Credential tags say which credential carries which tag.
 * Gives every credential exactly these tags, making the ones that do not
 * exist. Returns the credentials that exist, each with its tags. Of two calls
 * at once for one credential the result may hold the tags of both.
 * Writes tags, credential_tags.
 *
 * ```sql
 * with given as (
 *   select distinct name
 *   from unnest(:tagNames!::text[]) as given (name)
 * ),
 * known as (
 *   select id, name
 *   from tags
 *   where name = any(:tagNames!::text[])
 * ),
 * made as (
 *   insert into tags (name)
 *   select name
 *   from given
 *   where name not in (select name from known)
 *   order by name
 *   on conflict (name) do update set type = tags.type
 *   returning id, name
 * ),
 * wanted as (
 *   table known
 *   union all
 *   table made
 * ),
 * found as (
 *   select id
 *   from credentials
 *   where id = any(:credentialIds!::integer[])
 * ),
 * removed as (
 *   delete from credential_tags
 *   where
 *     credential_id = any(:credentialIds!::integer[])
 *     and tag_id not in (select id from wanted)
 * ),
 * added as (
 *   insert into credential_tags (credential_id, tag_id)
 *   select
 *     found.id,
 *     wanted.id
 *   from found
 *   cross join wanted
 *   order by found.id, wanted.id
 *   on conflict do nothing
 * )
 * select
 *   id as credential_id,
 *   array(select name from wanted order by name) as "tags!"
 * from found
 * order by id
 * ```
 */
export const credentialTagSet: Query<CredentialTagSetParams, CredentialTagSetResult> = new Query("CredentialTagSet", credentialTagSetIR);

/** Parameters of `CredentialTagAdd`. */
export interface CredentialTagAddParams {
  credentialIds: readonly number[];
  tagNames: readonly string[];
}

/** A row of `CredentialTagAdd`. */
export interface CredentialTagAddResult {
  /** Identity of the credential. */
  credentialId: number;
  tags: string[];
}

const credentialTagAddIR: QueryIR = {"usedParamSet":{"tagNames":true,"credentialIds":true},"params":[{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":53,"b":62},{"a":152,"b":161}]},{"name":"credentialIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":488,"b":502}]}],"statement":"with given as (\n  select distinct name\n  from unnest(:tagNames!::text[]) as given (name)\n),\nknown as (\n  select id, name\n  from tags\n  where name = any(:tagNames!::text[])\n),\nmade as (\n  insert into tags (name)\n  select name\n  from given\n  where name not in (select name from known)\n  order by name\n  on conflict (name) do update set type = tags.type\n  returning id, name\n),\nwanted as (\n  table known\n  union all\n  table made\n),\nfound as (\n  select id\n  from credentials\n  where id = any(:credentialIds!::integer[])\n),\nadded as (\n  insert into credential_tags (credential_id, tag_id)\n  select\n    found.id,\n    wanted.id\n  from found\n  cross join wanted\n  order by found.id, wanted.id\n  on conflict do nothing\n)\nselect\n  id as credential_id,\n  array(\n    select name\n    from given\n    union\n    select tags.name\n    from credential_tags\n    join tags on tags.id = credential_tags.tag_id\n    where credential_tags.credential_id = found.id\n    order by name\n  ) as \"tags!\"\nfrom found\norder by id"};

/**
 * Adds the tags to every credential, making the ones that do not exist. Returns
 * the credentials that exist, each with its tags.
 * Writes tags, credential_tags.
 *
 * ```sql
 * with given as (
 *   select distinct name
 *   from unnest(:tagNames!::text[]) as given (name)
 * ),
 * known as (
 *   select id, name
 *   from tags
 *   where name = any(:tagNames!::text[])
 * ),
 * made as (
 *   insert into tags (name)
 *   select name
 *   from given
 *   where name not in (select name from known)
 *   order by name
 *   on conflict (name) do update set type = tags.type
 *   returning id, name
 * ),
 * wanted as (
 *   table known
 *   union all
 *   table made
 * ),
 * found as (
 *   select id
 *   from credentials
 *   where id = any(:credentialIds!::integer[])
 * ),
 * added as (
 *   insert into credential_tags (credential_id, tag_id)
 *   select
 *     found.id,
 *     wanted.id
 *   from found
 *   cross join wanted
 *   order by found.id, wanted.id
 *   on conflict do nothing
 * )
 * select
 *   id as credential_id,
 *   array(
 *     select name
 *     from given
 *     union
 *     select tags.name
 *     from credential_tags
 *     join tags on tags.id = credential_tags.tag_id
 *     where credential_tags.credential_id = found.id
 *     order by name
 *   ) as "tags!"
 * from found
 * order by id
 * ```
 */
export const credentialTagAdd: Query<CredentialTagAddParams, CredentialTagAddResult> = new Query("CredentialTagAdd", credentialTagAddIR);

/** Parameters of `CredentialTagRemove`. */
export interface CredentialTagRemoveParams {
  credentialIds: readonly number[];
  tagNames: readonly string[];
}

/** A row of `CredentialTagRemove`. */
export interface CredentialTagRemoveResult {
  /** Identity of the credential. */
  credentialId: number;
  tags: string[];
}

const credentialTagRemoveIR: QueryIR = {"usedParamSet":{"credentialIds":true,"tagNames":true},"params":[{"name":"credentialIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":80,"b":94},{"a":502,"b":516}]},{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":164,"b":173},{"a":412,"b":421}]}],"statement":"with removed as (\n  delete from credential_tags\n  where\n    credential_id = any(:credentialIds!::integer[])\n    and tag_id in (select id from tags where name = any(:tagNames!::text[]))\n)\nselect\n  id as credential_id,\n  array(\n    select tags.name\n    from credential_tags\n    join tags on tags.id = credential_tags.tag_id\n    where\n      credential_tags.credential_id = credentials.id\n      and tags.name <> all(:tagNames!::text[])\n    order by tags.name\n  ) as \"tags!\"\nfrom credentials\nwhere id = any(:credentialIds!::integer[])\norder by id"};

/**
 * Takes the tags off every credential. Returns the credentials that exist, each
 * with the tags it keeps.
 * Writes credential_tags.
 *
 * ```sql
 * with removed as (
 *   delete from credential_tags
 *   where
 *     credential_id = any(:credentialIds!::integer[])
 *     and tag_id in (select id from tags where name = any(:tagNames!::text[]))
 * )
 * select
 *   id as credential_id,
 *   array(
 *     select tags.name
 *     from credential_tags
 *     join tags on tags.id = credential_tags.tag_id
 *     where
 *       credential_tags.credential_id = credentials.id
 *       and tags.name <> all(:tagNames!::text[])
 *     order by tags.name
 *   ) as "tags!"
 * from credentials
 * where id = any(:credentialIds!::integer[])
 * order by id
 * ```
 */
export const credentialTagRemove: Query<CredentialTagRemoveParams, CredentialTagRemoveResult> = new Query("CredentialTagRemove", credentialTagRemoveIR);
