-- Device tags say which device carries which tag.

/* @name DeviceTagSet */
-- Replaces the tags of each device, creating tags that do not exist. Returns
-- the devices that exist, each with its tags. Two concurrent calls for one
-- device may leave it with the tags of both.
-- :tagNames All tags that each device is to have.
-- .tags[!] Names of its tags, sorted.
-- Returns DeviceTags.
-- Writes tags, device_tags.
with wanted as (
  select tags_ensure(:tagNames!::text[]) as tag
),
found as (
  select id
  from devices
  where id = any(:deviceIds!::integer[])
),
removed as (
  delete from device_tags
  where
    device_id = any(:deviceIds!::integer[])
    and tag_id not in (select (tag).id from wanted)
),
added as (
  insert into device_tags (device_id, tag_id)
  select
    found.id,
    (wanted.tag).id
  from found
  cross join wanted
  order by 1, 2
  on conflict do nothing
)
select
  id as device_id,
  array(select (tag).name from wanted order by 1) as "tags!"
from found
order by id;

/* @name DeviceTagAdd */
-- Adds the tags to each device, creating tags that do not exist. Returns the
-- devices that exist, each with its tags.
-- Returns DeviceTags.
-- Writes tags, device_tags.
with wanted as (
  select tags_ensure(:tagNames!::text[]) as tag
),
found as (
  select id
  from devices
  where id = any(:deviceIds!::integer[])
),
added as (
  insert into device_tags (device_id, tag_id)
  select
    found.id,
    (wanted.tag).id
  from found
  cross join wanted
  order by 1, 2
  on conflict do nothing
)
select
  id as device_id,
  array(
    select (tag).name
    from wanted
    union
    select name
    from unnest(names) as had (name)
    order by name
  ) as "tags!"
from found
cross join device_tag_names(id) as names
order by id;

/* @name DeviceTagRemove */
-- Removes the tags from each device. Returns the devices that exist, each with
-- its remaining tags.
-- Returns DeviceTags.
-- Writes device_tags.
with removed as (
  delete from device_tags
  where
    device_id = any(:deviceIds!::integer[])
    and tag_id in (select id from tags where name = any(:tagNames!::text[]))
)
select
  id as device_id,
  array(
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where
      device_tags.device_id = devices.id
      and tags.name <> all(:tagNames!::text[])
    order by tags.name
  ) as "tags!"
from devices
where id = any(:deviceIds!::integer[])
order by id;
