// Generated from queries/tags.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `TagInsert`. */
export interface TagInsertParams {
  name: string;
  type?: string | null | undefined;
}

/** A row of `TagInsert`. */
export interface TagInsertResult {
  /** Identity of the tag. */
  id: number;
  /** What people call the tag; unique, case counts. */
  name: string;
  /** What kind of label it is, such as site or role; custom when nobody said. */
  type: string;
}

const tagInsertIR: QueryIR = {"usedParamSet":{"name":true,"type":true},"params":[{"name":"name","required":true,"transform":{"type":"scalar"},"locs":[{"a":38,"b":43}]},{"name":"type","required":false,"transform":{"type":"scalar"},"locs":[{"a":55,"b":59}]}],"statement":"insert into tags (name, type)\nvalues (:name!, coalesce(:type::text, 'custom'))\nreturning id, name, type"};

/**
 * Tags label devices and credentials, and so say which opens which.
 * Makes a tag; its type is custom unless told.
 * Writes tags.
 *
 * ```sql
 * insert into tags (name, type)
 * values (:name!, coalesce(:type::text, 'custom'))
 * returning id, name, type
 * ```
 */
export const tagInsert: Query<TagInsertParams, TagInsertResult> = new Query("TagInsert", tagInsertIR);

/** Parameters of `TagEnsure`. */
export interface TagEnsureParams {
  names: readonly string[];
  types?: readonly string[] | null | undefined;
}

/** A row of `TagEnsure`. */
export interface TagEnsureResult {
  id: number;
  name: string;
  type: string;
}

const tagEnsureIR: QueryIR = {"usedParamSet":{"names":true,"types":true},"params":[{"name":"names","required":true,"transform":{"type":"scalar"},"locs":[{"a":71,"b":77},{"a":211,"b":217}]},{"name":"types","required":false,"transform":{"type":"scalar"},"locs":[{"a":88,"b":93}]}],"statement":"with given as (\n  select\n    name,\n    min(type) as type\n  from unnest(:names!::text[], :types::text[]) as given (name, type)\n  group by name\n),\nknown as (\n  select id, name, type\n  from tags\n  where name = any(:names!::text[])\n),\nmade as (\n  insert into tags (name, type)\n  select\n    name,\n    coalesce(type, 'custom')\n  from given\n  where name not in (select name from known)\n  order by name\n  on conflict (name) do update set type = tags.type\n  returning id, name, type\n)\nselect\n  id as \"id!\",\n  name as \"name!\",\n  type as \"type!\"\nfrom (table known union all table made) as wanted\norder by name"};

/**
 * Makes the tags that do not exist yet and returns all that were named.
 * Types go with the names by position, custom where null or absent; a tag that
 * exists keeps its own. Names are taken in order, so that two calls at once
 * cannot block each other.
 * Writes tags.
 *
 * ```sql
 * with given as (
 *   select
 *     name,
 *     min(type) as type
 *   from unnest(:names!::text[], :types::text[]) as given (name, type)
 *   group by name
 * ),
 * known as (
 *   select id, name, type
 *   from tags
 *   where name = any(:names!::text[])
 * ),
 * made as (
 *   insert into tags (name, type)
 *   select
 *     name,
 *     coalesce(type, 'custom')
 *   from given
 *   where name not in (select name from known)
 *   order by name
 *   on conflict (name) do update set type = tags.type
 *   returning id, name, type
 * )
 * select
 *   id as "id!",
 *   name as "name!",
 *   type as "type!"
 * from (table known union all table made) as wanted
 * order by name
 * ```
 */
export const tagEnsure: Query<TagEnsureParams, TagEnsureResult> = new Query("TagEnsure", tagEnsureIR);

/** Parameters of `TagGet`. */
export interface TagGetParams {
  id: number;
}

/** A row of `TagGet`. */
export interface TagGetResult {
  /** Identity of the tag. */
  id: number;
  /** What people call the tag; unique, case counts. */
  name: string;
  /** What kind of label it is, such as site or role; custom when nobody said. */
  type: string;
}

const tagGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":43,"b":46}]}],"statement":"select id, name, type\nfrom tags\nwhere id = :id!"};

/**
 * Reads.
 *
 * ```sql
 * select id, name, type
 * from tags
 * where id = :id!
 * ```
 */
export const tagGet: Query<TagGetParams, TagGetResult> = new Query("TagGet", tagGetIR, { reads: true });

/** Parameters of `TagGetByName`. */
export interface TagGetByNameParams {
  name: string;
}

/** A row of `TagGetByName`. */
export interface TagGetByNameResult {
  /** Identity of the tag. */
  id: number;
  /** What people call the tag; unique, case counts. */
  name: string;
  /** What kind of label it is, such as site or role; custom when nobody said. */
  type: string;
}

const tagGetByNameIR: QueryIR = {"usedParamSet":{"name":true},"params":[{"name":"name","required":true,"transform":{"type":"scalar"},"locs":[{"a":45,"b":50}]}],"statement":"select id, name, type\nfrom tags\nwhere name = :name!"};

/**
 * Reads.
 *
 * ```sql
 * select id, name, type
 * from tags
 * where name = :name!
 * ```
 */
export const tagGetByName: Query<TagGetByNameParams, TagGetByNameResult> = new Query("TagGetByName", tagGetByNameIR, { reads: true });

/** Parameters of `TagList`. */
export interface TagListParams {
  afterId?: number | null | undefined;
  afterName?: string | null | undefined;
  limit: number;
  type?: string | null | undefined;
}

/** A row of `TagList`. */
export interface TagListResult {
  credentialCount: number;
  deviceCount: number;
  /** Identity of the tag. */
  id: number;
  /** What people call the tag; unique, case counts. */
  name: string;
  /** What kind of label it is, such as site or role; custom when nobody said. */
  type: string;
}

const tagListIR: QueryIR = {"usedParamSet":{"afterName":true,"afterId":true,"type":true,"limit":true},"params":[{"name":"afterName","required":false,"transform":{"type":"scalar"},"locs":[{"a":315,"b":324}]},{"name":"afterId","required":false,"transform":{"type":"scalar"},"locs":[{"a":347,"b":354}]},{"name":"type","required":false,"transform":{"type":"scalar"},"locs":[{"a":377,"b":381},{"a":407,"b":411}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":438,"b":444}]}],"statement":"select\n  id,\n  name,\n  type,\n  (\n    select count(*)::integer\n    from device_tags\n    where device_tags.tag_id = tags.id\n  ) as \"device_count!\",\n  (\n    select count(*)::integer\n    from credential_tags\n    where credential_tags.tag_id = tags.id\n  ) as \"credential_count!\"\nfrom tags\nwhere\n  (name, id) > (coalesce(:afterName::text, ''), coalesce(:afterId::integer, 0))\n  and (:type::text is null or type = :type)\norder by name, id\nlimit :limit!::integer"};

/**
 * Tags by name, with the number of devices and credentials that carry each.
 * Without a type: of all types.
 * Reads.
 *
 * ```sql
 * select
 *   id,
 *   name,
 *   type,
 *   (
 *     select count(*)::integer
 *     from device_tags
 *     where device_tags.tag_id = tags.id
 *   ) as "device_count!",
 *   (
 *     select count(*)::integer
 *     from credential_tags
 *     where credential_tags.tag_id = tags.id
 *   ) as "credential_count!"
 * from tags
 * where
 *   (name, id) > (coalesce(:afterName::text, ''), coalesce(:afterId::integer, 0))
 *   and (:type::text is null or type = :type)
 * order by name, id
 * limit :limit!::integer
 * ```
 */
export const tagList: Query<TagListParams, TagListResult> = new Query("TagList", tagListIR, { reads: true });

/** Parameters of `TagUpdate`. */
export interface TagUpdateParams {
  id: number;
  name?: string | null | undefined;
  type?: string | null | undefined;
}

/** A row of `TagUpdate`. */
export interface TagUpdateResult {
  /** Identity of the tag. */
  id: number;
  /** What people call the tag; unique, case counts. */
  name: string;
  /** What kind of label it is, such as site or role; custom when nobody said. */
  type: string;
}

const tagUpdateIR: QueryIR = {"usedParamSet":{"name":true,"type":true,"id":true},"params":[{"name":"name","required":false,"transform":{"type":"scalar"},"locs":[{"a":34,"b":38}]},{"name":"type","required":false,"transform":{"type":"scalar"},"locs":[{"a":66,"b":70}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":90,"b":93}]}],"statement":"update tags\nset\n  name = coalesce(:name, name),\n  type = coalesce(:type, type)\nwhere id = :id!\nreturning id, name, type"};

/**
 * Changes what is given and leaves the rest.
 * Writes tags.
 *
 * ```sql
 * update tags
 * set
 *   name = coalesce(:name, name),
 *   type = coalesce(:type, type)
 * where id = :id!
 * returning id, name, type
 * ```
 */
export const tagUpdate: Query<TagUpdateParams, TagUpdateResult> = new Query("TagUpdate", tagUpdateIR);

/** Parameters of `TagDelete`. */
export interface TagDeleteParams {
  id: number;
}

/** A row of `TagDelete`. */
export interface TagDeleteResult {
  /** Identity of the tag. */
  id: number;
  /** What people call the tag; unique, case counts. */
  name: string;
  /** What kind of label it is, such as site or role; custom when nobody said. */
  type: string;
}

const tagDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":28,"b":31}]}],"statement":"delete from tags\nwhere id = :id!\nreturning id, name, type"};

/**
 * Takes the tag off everything that carries it.
 * Writes tags.
 *
 * ```sql
 * delete from tags
 * where id = :id!
 * returning id, name, type
 * ```
 */
export const tagDelete: Query<TagDeleteParams, TagDeleteResult> = new Query("TagDelete", tagDeleteIR);
