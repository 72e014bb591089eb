// Generated from queries/tags.sql by make generate. Do not edit.
/**
 * Tags label devices and credentials. A credential opens the devices that share
 * a tag with it.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `TagInsert`. */
export interface TagInsertParams {
  /** What people call the tag; unique, case counts. */
  name: string;
  /** Defaults to custom. */
  type?: string | null | undefined;
}

/** A row of `TagInsert`, `TagEnsure`, `TagGet`, `TagGetByName`, `TagUpdate`, `TagDelete`. */
export interface Tag {
  /** Identity of the tag. */
  id: number;
  /** What people call the tag; unique, case counts. */
  name: string;
  /** What kind of label it is, such as site or role; custom when nobody said. */
  type: string;
}

const tagInsertIR: QueryIR = {"usedParamSet":{"name":true,"type":true},"params":[{"name":"name","required":true,"transform":{"type":"scalar"},"locs":[{"a":38,"b":43}]},{"name":"type","required":false,"transform":{"type":"scalar"},"locs":[{"a":55,"b":59}]}],"statement":"insert into tags (name, type)\nvalues (:name!, coalesce(:type::text, 'custom'))\nreturning id, name, type"};

/**
 * Creates a tag.
 * Writes tags.
 */
export const tagInsert: Query<TagInsertParams, Tag> = new Query("TagInsert", tagInsertIR);

/** Parameters of `TagEnsure`. */
export interface TagEnsureParams {
  names: readonly string[];
  /** Type of each name. Custom if null. */
  types?: readonly (string | null)[] | null | undefined;
}

const tagEnsureIR: QueryIR = {"usedParamSet":{"names":true,"types":true},"params":[{"name":"names","required":true,"transform":{"type":"scalar"},"locs":[{"a":76,"b":82}]},{"name":"types","required":false,"transform":{"type":"scalar"},"locs":[{"a":93,"b":98}]}],"statement":"select\n  id as \"id!\",\n  name as \"name!\",\n  type as \"type!\"\nfrom tags_ensure(:names!::text[], :types::text[])\norder by name"};

/**
 * Creates the tags that do not exist and returns all named tags. Types are
 * matched to names by position; an existing tag keeps its type. Names are
 * processed in order, so that concurrent calls cannot deadlock.
 * Writes tags.
 */
export const tagEnsure: Query<TagEnsureParams, Tag> = new Query("TagEnsure", tagEnsureIR);

/** Parameters of `TagGet`. */
export interface TagGetParams {
  /** Identity of the tag. */
  id: number;
}

const tagGetIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":43,"b":46}]}],"statement":"select id, name, type\nfrom tags\nwhere id = :id!"};

/** Reads. */
export const tagGet: Query<TagGetParams, Tag> = new Query("TagGet", tagGetIR, { reads: true });

/** Parameters of `TagGetByName`. */
export interface TagGetByNameParams {
  /** What people call the tag; unique, case counts. */
  name: string;
}

const tagGetByNameIR: QueryIR = {"usedParamSet":{"name":true},"params":[{"name":"name","required":true,"transform":{"type":"scalar"},"locs":[{"a":45,"b":50}]}],"statement":"select id, name, type\nfrom tags\nwhere name = :name!"};

/** Reads. */
export const tagGetByName: Query<TagGetByNameParams, Tag> = new Query("TagGetByName", tagGetByNameIR, { reads: true });

/** Parameters of `TagList`. */
export interface TagListParams {
  /** The id of the last row of the previous page. */
  afterId?: number | null | undefined;
  /** The name of the last row of the previous page. */
  afterName?: string | null | undefined;
  /** Maximum rows to return. */
  limit: number;
  /** Only tags of this type. */
  type?: string | null | undefined;
}

/** A row of `TagList`. */
export interface TagListRow {
  /** Number of credentials that carry the tag. */
  credentialCount: number;
  /** Number of devices that carry the tag. */
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
 * Lists tags by name, with the numbers of devices and credentials that carry
 * each.
 * Reads.
 */
export const tagList: Query<TagListParams, TagListRow> = new Query("TagList", tagListIR, { reads: true });

/** Parameters of `TagUpdate`. */
export interface TagUpdateParams {
  /** Identity of the tag. */
  id: number;
  /** Defaults to the current name. */
  name?: string | null | undefined;
  /** Defaults to the current type. */
  type?: string | null | undefined;
}

const tagUpdateIR: QueryIR = {"usedParamSet":{"name":true,"type":true,"id":true},"params":[{"name":"name","required":false,"transform":{"type":"scalar"},"locs":[{"a":34,"b":38}]},{"name":"type","required":false,"transform":{"type":"scalar"},"locs":[{"a":66,"b":70}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":90,"b":93}]}],"statement":"update tags\nset\n  name = coalesce(:name, name),\n  type = coalesce(:type, type)\nwhere id = :id!\nreturning id, name, type"};

/**
 * Changes the given fields and keeps the others.
 * Writes tags.
 */
export const tagUpdate: Query<TagUpdateParams, Tag> = new Query("TagUpdate", tagUpdateIR);

/** Parameters of `TagDelete`. */
export interface TagDeleteParams {
  /** Identity of the tag. */
  id: number;
}

const tagDeleteIR: QueryIR = {"usedParamSet":{"id":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":28,"b":31}]}],"statement":"delete from tags\nwhere id = :id!\nreturning id, name, type"};

/**
 * Deletes a tag and removes it from everything that carries it.
 * Writes tags.
 */
export const tagDelete: Query<TagDeleteParams, Tag> = new Query("TagDelete", tagDeleteIR);
