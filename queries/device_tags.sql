/* @name DeviceTagSet */
-- Device tags say which device carries which tag.
-- Gives every device exactly these tags, making the ones that do not exist.
-- Returns the devices that exist, each with its tags. Of two calls at once for
-- one device the result may hold the tags of both.
-- Writes tags, device_tags.
with given as (
  select distinct name
  from unnest(:tagNames!::text[]) as given (name)
),
known as (
  select id, name
  from tags
  where name = any(:tagNames!::text[])
),
made as (
  insert into tags (name)
  select name
  from given
  where name not in (select name from known)
  order by name
  on conflict (name) do update set type = tags.type
  returning id, name
),
wanted as (
  table known
  union all
  table made
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
    and tag_id not in (select id from wanted)
),
added as (
  insert into device_tags (device_id, tag_id)
  select
    found.id,
    wanted.id
  from found
  cross join wanted
  order by found.id, wanted.id
  on conflict do nothing
)
select
  id as device_id,
  array(select name from wanted order by name) as "tags!"
from found
order by id;

/* @name DeviceTagAdd */
-- Adds the tags to every device, making the ones that do not exist. Returns
-- the devices that exist, each with its tags.
-- Writes tags, device_tags.
with given as (
  select distinct name
  from unnest(:tagNames!::text[]) as given (name)
),
known as (
  select id, name
  from tags
  where name = any(:tagNames!::text[])
),
made as (
  insert into tags (name)
  select name
  from given
  where name not in (select name from known)
  order by name
  on conflict (name) do update set type = tags.type
  returning id, name
),
wanted as (
  table known
  union all
  table made
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
    wanted.id
  from found
  cross join wanted
  order by found.id, wanted.id
  on conflict do nothing
)
select
  id as device_id,
  array(
    select name
    from given
    union
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where device_tags.device_id = found.id
    order by name
  ) as "tags!"
from found
order by id;

/* @name DeviceTagRemove */
-- Takes the tags off every device. Returns the devices that exist, each with
-- the tags it keeps.
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
