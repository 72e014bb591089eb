// Generated from queries/device_tags.sql by make generate. Do not edit.
/**
 * Device tags say which device carries which tag.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `DeviceTagSet`. */
export interface DeviceTagSetParams {
  deviceIds: readonly number[];
  /** All tags that each device is to have. */
  tagNames: readonly string[];
}

/** A row of `DeviceTagSet`, `DeviceTagAdd`, `DeviceTagRemove`. */
export interface DeviceTags {
  /** Identity of the device. */
  deviceId: number;
  /** Names of its tags, sorted. */
  tags: string[];
}

const deviceTagSetIR: QueryIR = {"usedParamSet":{"tagNames":true,"deviceIds":true},"params":[{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":38,"b":47}]},{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":123,"b":133},{"a":217,"b":227}]}],"statement":"with wanted as (\n  select tags_ensure(:tagNames!::text[]) as tag\n),\nfound as (\n  select id\n  from devices\n  where id = any(:deviceIds!::integer[])\n),\nremoved as (\n  delete from device_tags\n  where\n    device_id = any(:deviceIds!::integer[])\n    and tag_id not in (select (tag).id from wanted)\n),\nadded as (\n  insert into device_tags (device_id, tag_id)\n  select\n    found.id,\n    (wanted.tag).id\n  from found\n  cross join wanted\n  order by 1, 2\n  on conflict do nothing\n)\nselect\n  id as device_id,\n  array(select (tag).name from wanted order by 1) as \"tags!\"\nfrom found\norder by id"};

/**
 * Replaces the tags of each device, creating tags that do not exist. Returns
 * the devices that exist, each with its tags. Two concurrent calls for one
 * device may leave it with the tags of both.
 * Writes tags, device_tags.
 */
export const deviceTagSet: Query<DeviceTagSetParams, DeviceTags> = new Query("DeviceTagSet", deviceTagSetIR);

/** Parameters of `DeviceTagAdd`. */
export interface DeviceTagAddParams {
  deviceIds: readonly number[];
  tagNames: readonly string[];
}

const deviceTagAddIR: QueryIR = {"usedParamSet":{"tagNames":true,"deviceIds":true},"params":[{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":38,"b":47}]},{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":123,"b":133}]}],"statement":"with wanted as (\n  select tags_ensure(:tagNames!::text[]) as tag\n),\nfound as (\n  select id\n  from devices\n  where id = any(:deviceIds!::integer[])\n),\nadded as (\n  insert into device_tags (device_id, tag_id)\n  select\n    found.id,\n    (wanted.tag).id\n  from found\n  cross join wanted\n  order by 1, 2\n  on conflict do nothing\n)\nselect\n  id as device_id,\n  array(\n    select (tag).name\n    from wanted\n    union\n    select name\n    from unnest(names) as had (name)\n    order by name\n  ) as \"tags!\"\nfrom found\ncross join device_tag_names(id) as names\norder by id"};

/**
 * Adds the tags to each device, creating tags that do not exist. Returns the
 * devices that exist, each with its tags.
 * Writes tags, device_tags.
 */
export const deviceTagAdd: Query<DeviceTagAddParams, DeviceTags> = new Query("DeviceTagAdd", deviceTagAddIR);

/** Parameters of `DeviceTagRemove`. */
export interface DeviceTagRemoveParams {
  deviceIds: readonly number[];
  tagNames: readonly string[];
}

const deviceTagRemoveIR: QueryIR = {"usedParamSet":{"deviceIds":true,"tagNames":true},"params":[{"name":"deviceIds","required":true,"transform":{"type":"scalar"},"locs":[{"a":72,"b":82},{"a":462,"b":472}]},{"name":"tagNames","required":true,"transform":{"type":"scalar"},"locs":[{"a":152,"b":161},{"a":376,"b":385}]}],"statement":"with removed as (\n  delete from device_tags\n  where\n    device_id = any(:deviceIds!::integer[])\n    and tag_id in (select id from tags where name = any(:tagNames!::text[]))\n)\nselect\n  id as device_id,\n  array(\n    select tags.name\n    from device_tags\n    join tags on tags.id = device_tags.tag_id\n    where\n      device_tags.device_id = devices.id\n      and tags.name <> all(:tagNames!::text[])\n    order by tags.name\n  ) as \"tags!\"\nfrom devices\nwhere id = any(:deviceIds!::integer[])\norder by id"};

/**
 * Removes the tags from each device. Returns the devices that exist, each with
 * its remaining tags.
 * Writes device_tags.
 */
export const deviceTagRemove: Query<DeviceTagRemoveParams, DeviceTags> = new Query("DeviceTagRemove", deviceTagRemoveIR);
