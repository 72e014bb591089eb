-- migrate:up

create table devices (
  id integer generated always as identity primary key,
  hostname text collate "C" not null unique,
  ip_address inet not null unique,
  device_type text collate "C" not null,
  last_seen timestamptz(3),
  constraint hostname_has_1_to_255_characters
    check (char_length(hostname) between 1 and 255),
  constraint ip_address_is_one_host
    check (masklen(ip_address) = masklen(host(ip_address)::inet)),
  constraint device_type_has_1_to_255_characters
    check (char_length(device_type) between 1 and 255)
)
-- Room in every page, so that DeviceSeen writes no index.
with (fillfactor = 80);

comment on table devices is
  'The network devices whose configurations are backed up.';
comment on column devices.id is
  'Identity of the device.';
comment on column devices.hostname is
  'Name of the device; unique, case counts, sorted by byte.';
comment on column devices.ip_address is
  'Management address: one host, IPv4 or IPv6, without a prefix length.';
comment on column devices.device_type is
  'Driver that speaks to the device, such as arista_eos.';
comment on column devices.last_seen is
  'When a worker last reached the device; null when none ever did.';

create table device_tags (
  device_id integer not null references devices on delete cascade,
  tag_id integer not null references tags on delete cascade,
  primary key (device_id, tag_id)
);

-- Serves DeviceListByTag, TagList and the cascade of TagDelete.
create index device_tags_tag_id_device_id_idx
  on device_tags (tag_id, device_id);

comment on table device_tags is
  'Which device carries which tag.';
comment on column device_tags.device_id is
  'The device that carries the tag.';
comment on column device_tags.tag_id is
  'The tag that is carried.';

-- One place for the filters of DeviceList, DeviceCount and DeviceCountByType.
-- The planner puts the body in place of the call, so indexes still serve.
create function devices_matching(
  hostname_part text,
  network inet,
  type text,
  any_tags text[],
  all_tags text[],
  q text
) returns setof devices
language sql stable
as $$
  select devices.*
  from devices
  where
    (
      hostname_part is null
      or strpos(lower(hostname), lower(hostname_part collate "C")) > 0
    )
    and (network is null or ip_address <<= network)
    and (type is null or device_type = type)
    and (
      any_tags is null
      or id in (
        select device_tags.device_id
        from tags
        join device_tags on device_tags.tag_id = tags.id
        where tags.name = any(any_tags)
      )
    )
    and (
      coalesce(cardinality(all_tags), 0) = 0
      or id in (
        select device_tags.device_id
        from tags
        join device_tags on device_tags.tag_id = tags.id
        where tags.name = any(all_tags)
        group by device_tags.device_id
        having
          count(*) = (
            select count(distinct name)
            from unnest(all_tags) as wanted (name)
          )
      )
    )
    and (
      q is null
      or strpos(lower(hostname), lower(q collate "C")) > 0
      or strpos(lower(device_type), lower(q collate "C")) > 0
      or strpos(host(ip_address), lower(q collate "C")) > 0
    )
$$;

comment on function devices_matching is
  'Devices that pass every filter; a filter that is null lets all pass. '
  'Letters A to Z match in either case.';

-- migrate:down

drop function devices_matching;
drop table device_tags;
drop table devices;
