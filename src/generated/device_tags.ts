// Generated from queries/device_tags.sql by make generate. Do not edit.
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `DeviceTagSet`. */
export interface DeviceTagSetParams {
  deviceIds: readonly number[];
  tagNames: readonly string[];
}

/** A row of `DeviceTagSet`. */
export interface DeviceTagSetResult {
  /** Identity of the device. */
  deviceId: number;
  tags: string[];
}

const deviceTagSetIR: QueryIR = {"usedParamSet":{"tagNames":true,"deviceIds":true},"params":[{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":53,"b":62},{"a":152,"b":161}]},{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":484,"b":494},{"a":578,"b":588}]}],"statement":"with given as (\n  select distinct name\n  from unnest(:tagNames!::text[]) as given (name)\n),\nknown as (\n  select id, name\n  from tags\n  where name = any(:tagNames!::text[])\n),\nmade as (\n  insert into tags (name)\n  select name\n  from given\n  where name not in (select name from known)\n  order by name\n  on conflict (name) do update set type = tags.type\n  returning id, name\n),\nwanted as (\n  table known\n  union all\n  table made\n),\nfound as (\n  select id\n  from devices\n  where id = any(:deviceIds!::integer[])\n),\nremoved as (\n  delete from device_tags\n  where\n    device_id = any(:deviceIds!::integer[])\n    and tag_id not in (select id from wanted)\n),\nadded as (\n  insert into device_tags (device_id, tag_id)\n  select\n    found.id,\n    wanted.id\n  from found\n  cross join wanted\n  order by found.id, wanted.id\n  on conflict do nothing\n)\nselect\n  id as device_id,\n  array(select name from wanted order by name) as \"tags!\"\nfrom found\norder by id"};

/**
 * Device tags say which device carries which tag.
 * Gives every device exactly these tags, making the ones that do not exist.
 * Returns the devices that exist, each with its tags. Of two calls at once for
 * one device the result may hold the tags of both.
 * Writes tags, device_tags.
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
 *   from devices
 *   where id = any(:deviceIds!::integer[])
 * ),
 * removed as (
 *   delete from device_tags
 *   where
 *     device_id = any(:deviceIds!::integer[])
 *     and tag_id not in (select id from wanted)
 * ),
 * added as (
 *   insert into device_tags (device_id, tag_id)
 *   select
 *     found.id,
 *     wanted.id
 *   from found
 *   cross join wanted
 *   order by found.id, wanted.id
 *   on conflict do nothing
 * )
 * select
 *   id as device_id,
 *   array(select name from wanted order by name) as "tags!"
 * from found
 * order by id
 * ```
 */
export const deviceTagSet: Query<DeviceTagSetParams, DeviceTagSetResult> = new Query("DeviceTagSet", deviceTagSetIR);

/** Parameters of `DeviceTagAdd`. */
export interface DeviceTagAddParams {
  deviceIds: readonly number[];
  tagNames: readonly string[];
}

/** A row of `DeviceTagAdd`. */
export interface DeviceTagAddResult {
  /** Identity of the device. */
  deviceId: number;
  tags: string[];
}

const deviceTagAddIR: QueryIR = {"usedParamSet":{"tagNames":true,"deviceIds":true},"params":[{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":53,"b":62},{"a":152,"b":161}]},{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":484,"b":494}]}],"statement":"with given as (\n  select distinct name\n  from unnest(:tagNames!::text[]) as given (name)\n),\nknown as (\n  select id, name\n  from tags\n  where name = any(:tagNames!::text[])\n),\nmade as (\n  insert into tags (name)\n  select name\n  from given\n  where name not in (select name from known)\n  order by name\n  on conflict (name) do update set type = tags.type\n  returning id, name\n),\nwanted as (\n  table known\n  union all\n  table made\n),\nfound as (\n  select id\n  from devices\n  where id = any(:deviceIds!::integer[])\n),\nadded as (\n  insert into device_tags (device_id, tag_id)\n  select\n    found.id,\n    wanted.id\n  from found\n  cross join wanted\n  order by found.id, wanted.id\n  on conflict do nothing\n)\nselect\n  id as device_id,\n  array(\n    select name\n    from given\n    union\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where device_tags.device_id = found.id\n    order by name\n  ) as \"tags!\"\nfrom found\norder by id"};

/**
 * Adds the tags to every device, making the ones that do not exist. Returns
 * the devices that exist, each with its tags.
 * Writes tags, device_tags.
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
 *   from devices
 *   where id = any(:deviceIds!::integer[])
 * ),
 * added as (
 *   insert into device_tags (device_id, tag_id)
 *   select
 *     found.id,
 *     wanted.id
 *   from found
 *   cross join wanted
 *   order by found.id, wanted.id
 *   on conflict do nothing
 * )
 * select
 *   id as device_id,
 *   array(
 *     select name
 *     from given
 *     union
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where device_tags.device_id = found.id
 *     order by name
 *   ) as "tags!"
 * from found
 * order by id
 * ```
 */
export const deviceTagAdd: Query<DeviceTagAddParams, DeviceTagAddResult> = new Query("DeviceTagAdd", deviceTagAddIR);

/** Parameters of `DeviceTagRemove`. */
export interface DeviceTagRemoveParams {
  deviceIds: readonly number[];
  tagNames: readonly string[];
}

/** A row of `DeviceTagRemove`. */
export interface DeviceTagRemoveResult {
  /** Identity of the device. */
  deviceId: number;
  tags: string[];
}

const deviceTagRemoveIR: QueryIR = {"usedParamSet":{"deviceIds":true,"tagNames":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":72,"b":82},{"a":462,"b":472}]},{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":152,"b":161},{"a":376,"b":385}]}],"statement":"with removed as (\n  delete from device_tags\n  where\n    device_id = any(:deviceIds!::integer[])\n    and tag_id in (select id from tags where name = any(:tagNames!::text[]))\n)\nselect\n  id as device_id,\n  array(\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where\n      device_tags.device_id = devices.id\n      and tags.name <> all(:tagNames!::text[])\n    order by tags.name\n  ) as \"tags!\"\nfrom devices\nwhere id = any(:deviceIds!::integer[])\norder by id"};

/**
 * Takes the tags off every device. Returns the devices that exist, each with
 * the tags it keeps.
 * Writes device_tags.
 *
 * ```sql
 * with removed as (
 *   delete from device_tags
 *   where
 *     device_id = any(:deviceIds!::integer[])
 *     and tag_id in (select id from tags where name = any(:tagNames!::text[]))
 * )
 * select
 *   id as device_id,
 *   array(
 *     select tags.name
 *     from device_tags
 *     join tags on tags.id = device_tags.tag_id
 *     where
 *       device_tags.device_id = devices.id
 *       and tags.name <> all(:tagNames!::text[])
 *     order by tags.name
 *   ) as "tags!"
 * from devices
 * where id = any(:deviceIds!::integer[])
 * order by id
 * ```
 */
export const deviceTagRemove: Query<DeviceTagRemoveParams, DeviceTagRemoveResult> = new Query("DeviceTagRemove", deviceTagRemoveIR);
