/* @name DeviceInsert */
-- Devices are what NetRaven backs up; with each row come the names of its tags.
-- Makes a device with its tags; tags that do not exist are made.
-- A hostname or address that is taken breaks devices_hostname_key or
-- devices_ip_address_key.
-- Writes devices, tags, device_tags.
with inserted as (
  insert into devices (hostname, ip_address, device_type)
  values (:hostname!, :ipAddress!, :deviceType!)
  returning id, hostname, ip_address, device_type, last_seen
),
given as (
  select distinct name
  from inserted
  cross join unnest(:tagNames::text[]) as given (name)
),
known as (
  select id, name
  from tags
  where name = any(:tagNames::text[])
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
tagged as (
  insert into device_tags (device_id, tag_id)
  select
    inserted.id,
    wanted.id
  from inserted
  cross join wanted
)
select
  id,
  hostname,
  ip_address,
  device_type,
  last_seen,
  array(select name from given order by name) as "tags!"
from inserted;

/* @name DeviceInsertMany */
-- Makes many devices in one go and says for each what happened, in the order
-- given. The arrays go together by position; tag names are a JSON array with
-- an array of names, or null, for each device.
-- A device whose hostname or address is taken, in the table or further up in
-- the input, is a duplicate and changes nothing; its id is that of the device
-- that has the hostname, else the address, or null while the transaction that
-- took it is not visible here.
-- Rows go in by hostname, so that two calls at once cannot block each other.
-- Writes devices, tags, device_tags.
with given as (
  select
    place::integer - 1 as index,
    hostname,
    ip_address,
    device_type,
    row_number() over (partition by hostname, ip_address order by place) as copy
  from unnest(
    :hostnames!::text[],
    :ipAddresses!::text[]::inet[],
    :deviceTypes!::text[]
  ) with ordinality as given (hostname, ip_address, device_type, place)
),
inserted as (
  insert into devices (hostname, ip_address, device_type)
  select
    hostname,
    ip_address,
    device_type
  from given
  order by hostname, index
  on conflict do nothing
  returning id, hostname, ip_address
),
outcomes as (
  select
    given.index,
    given.hostname,
    given.ip_address,
    given.copy = 1 and inserted.id is not null as created,
    max(inserted.id) over (partition by given.hostname) as hostname_id,
    max(inserted.id) over (partition by given.ip_address) as address_id
  from given
  left join inserted using (hostname, ip_address)
),
labels as (
  select distinct
    outcomes.hostname_id as device_id,
    label.name
  from jsonb_array_elements(:tagNames::jsonb)
    with ordinality as list (names, place)
  join outcomes on outcomes.index = list.place - 1
  cross join jsonb_array_elements_text(nullif(list.names, 'null'))
    as label (name)
  where outcomes.created
),
known as (
  select id, name
  from tags
  where name in (select name from labels)
),
made as (
  insert into tags (name)
  select distinct name
  from labels
  where name not in (select name from known)
  order by name
  on conflict (name) do update set type = tags.type
  returning id, name
),
tagged as (
  insert into device_tags (device_id, tag_id)
  select
    labels.device_id,
    wanted.id
  from labels
  join (table known union all table made) as wanted using (name)
)
select
  outcomes.index as "index!",
  case
    when outcomes.created then 'created'
    else 'duplicate'
  end as "outcome!",
  coalesce(
    outcomes.hostname_id,
    by_hostname.id,
    outcomes.address_id,
    by_address.id
  ) as "id?"
from outcomes
left join devices as by_hostname on by_hostname.hostname = outcomes.hostname
left join devices as by_address on by_address.ip_address = outcomes.ip_address
order by outcomes.index;

/* @name DeviceUpsert */
-- Makes the device of this hostname, or brings its address and type up to date.
-- Tag names replace its tags when given. An address that another device has
-- breaks devices_ip_address_key; so may, once, a call that makes the device
-- while another call is making it.
-- A row that was just inserted has no xmax: nobody has locked or updated it.
-- Writes devices, tags, device_tags.
with upserted as (
  insert into devices (hostname, ip_address, device_type)
  values (:hostname!, :ipAddress!, :deviceType!)
  on conflict (hostname) do update set
    ip_address = excluded.ip_address,
    device_type = excluded.device_type
  returning
    id,
    hostname,
    ip_address,
    device_type,
    last_seen,
    xmax = 0 as inserted
),
given as (
  select distinct name
  from upserted
  cross join unnest(:tagNames::text[]) as given (name)
),
known as (
  select id, name
  from tags
  where name = any(:tagNames::text[])
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
removed as (
  delete from device_tags
  using upserted
  where
    :tagNames::text[] is not null
    and device_tags.device_id = upserted.id
    and device_tags.tag_id not in (select id from wanted)
),
added as (
  insert into device_tags (device_id, tag_id)
  select
    upserted.id,
    wanted.id
  from upserted
  cross join wanted
  order by wanted.id
  on conflict do nothing
)
select
  id,
  hostname,
  ip_address,
  device_type,
  last_seen,
  inserted as "inserted!",
  array(
    select name
    from given
    union all
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where
      :tagNames::text[] is null
      and device_tags.device_id = upserted.id
    order by name
  ) as "tags!"
from upserted;

/* @name DeviceGet */
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  array(
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where device_tags.device_id = devices.id
    order by tags.name
  ) as "tags!"
from devices
where devices.id = :id!;

/* @name DeviceGetByHostname */
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  array(
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where device_tags.device_id = devices.id
    order by tags.name
  ) as "tags!"
from devices
where devices.hostname = :hostname!;

/* @name DeviceGetByIpAddress */
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  array(
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where device_tags.device_id = devices.id
    order by tags.name
  ) as "tags!"
from devices
where devices.ip_address = :ipAddress!;

/* @name DeviceGetMany */
-- The devices that exist, by id.
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  array(
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where device_tags.device_id = devices.id
    order by tags.name
  ) as "tags!"
from devices
where devices.id = any(:ids!::integer[])
order by devices.id;

/* @name DeviceList */
-- Devices by hostname, each with its tags, the number of credentials that
-- share a tag with it, its latest configuration and the status of its latest
-- job. All filters are optional: part of the hostname, a network, a type, any
-- of some tags, all of some tags, and text that stands in hostname, type or
-- address. Letters A to Z match in either case.
-- Reads.
with page as materialized (
  select
    devices.id,
    devices.hostname,
    devices.ip_address,
    devices.device_type,
    devices.last_seen
  from devices_matching(
    :hostname::text,
    :network::inet,
    :deviceType::text,
    :anyTags::text[],
    :allTags::text[],
    :q::text
  ) as devices
  where
    (devices.hostname, devices.id)
    > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
  order by devices.hostname, devices.id
  limit :limit!::integer
),
matches as (
  select distinct
    page.id as device_id,
    credential_tags.credential_id
  from page
  join device_tags on device_tags.device_id = page.id
  join credential_tags on credential_tags.tag_id = device_tags.tag_id
),
counts as (
  select
    device_id,
    count(*)::integer as credentials
  from matches
  group by device_id
)
select
  page.id as "id!",
  page.hostname as "hostname!",
  page.ip_address as "ip_address!",
  page.device_type as "device_type!",
  page.last_seen,
  array(
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where device_tags.device_id = page.id
    order by tags.name
  ) as "tags!",
  coalesce(counts.credentials, 0) as "credential_count!",
  device_states.configuration_id as "latest_configuration_id?",
  device_states.retrieved_at as "latest_retrieved_at?",
  device_states.verified_at as "latest_verified_at?",
  jobs.status as "latest_job_status?"
from page
left join counts on counts.device_id = page.id
left join device_states on device_states.device_id = page.id
left join jobs on jobs.id = device_states.job_id
order by page.hostname, page.id;

/* @name DeviceCount */
-- How many devices DeviceList would list with these filters.
-- Reads.
select count(*)::integer as "count!"
from devices_matching(
  :hostname::text,
  :network::inet,
  :deviceType::text,
  :anyTags::text[],
  :allTags::text[],
  :q::text
);

/* @name DeviceCountByType */
-- The same by type.
-- Reads.
select
  device_type as "device_type!",
  count(*)::integer as "count!"
from devices_matching(
  :hostname::text,
  :network::inet,
  :deviceType::text,
  :anyTags::text[],
  :allTags::text[],
  :q::text
)
group by device_type
order by device_type;

/* @name DeviceListByTag */
-- Devices that carry the tag, by hostname.
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  array(
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where device_tags.device_id = devices.id
    order by tags.name
  ) as "tags!"
from tags
join device_tags as carried on carried.tag_id = tags.id
join devices on devices.id = carried.device_id
where
  tags.name = :tagName!
  and (devices.hostname, devices.id)
  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
order by devices.hostname, devices.id
limit :limit!::integer;

/* @name DeviceListWithoutCredential */
-- Devices that no credential shares a tag with, by hostname.
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  array(
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where device_tags.device_id = devices.id
    order by tags.name
  ) as "tags!"
from devices
where
  not exists (
    select
    from device_tags
    where
      device_tags.device_id = devices.id
      and device_tags.tag_id in (select tag_id from credential_tags)
  )
  and (devices.hostname, devices.id)
  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
order by devices.hostname, devices.id
limit :limit!::integer;

/* @name DeviceListStale */
-- Devices that were never backed up, or not verified since the time given; the
-- never backed up first, then the longest unverified.
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  array(
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where device_tags.device_id = devices.id
    order by tags.name
  ) as "tags!",
  device_states.verified_at as "verified_at?"
from devices
left join device_states on device_states.device_id = devices.id
where
  (
    device_states.verified_at is null
    or device_states.verified_at < :verifiedBefore!::timestamptz
  )
  and (coalesce(device_states.verified_at, '-infinity'), devices.id)
  > (
    coalesce(:afterVerifiedAt::timestamptz, '-infinity'),
    coalesce(:afterId::integer, 0)
  )
order by device_states.verified_at nulls first, devices.id
limit :limit!::integer;

/* @name DeviceUpdate */
-- Changes what is given and leaves the rest; tag names replace the device's
-- tags, and those that do not exist are made. Only DeviceSeen moves last_seen.
-- Writes devices, tags, device_tags.
with updated as (
  update devices
  set
    hostname = coalesce(:hostname, hostname),
    ip_address = coalesce(:ipAddress, ip_address),
    device_type = coalesce(:deviceType, device_type)
  where id = :id!
  returning id, hostname, ip_address, device_type, last_seen
),
given as (
  select distinct name
  from updated
  cross join unnest(:tagNames::text[]) as given (name)
),
known as (
  select id, name
  from tags
  where name = any(:tagNames::text[])
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
removed as (
  delete from device_tags
  using updated
  where
    :tagNames::text[] is not null
    and device_tags.device_id = updated.id
    and device_tags.tag_id not in (select id from wanted)
),
added as (
  insert into device_tags (device_id, tag_id)
  select
    updated.id,
    wanted.id
  from updated
  cross join wanted
  order by wanted.id
  on conflict do nothing
)
select
  id,
  hostname,
  ip_address,
  device_type,
  last_seen,
  array(
    select name
    from given
    union all
    select tags.name
    from device_tags
    join tags on tags.id = device_tags.tag_id
    where
      :tagNames::text[] is null
      and device_tags.device_id = updated.id
    order by name
  ) as "tags!"
from updated;

/* @name DeviceSeen */
-- Notes that the devices were reached just now. Returns those whose last_seen
-- moved; it never goes back.
-- Writes devices.
update devices
set last_seen = date_trunc('milliseconds', now())
where
  id = any(:ids!::integer[])
  and (last_seen is null or last_seen < date_trunc('milliseconds', now()))
returning id, last_seen;

/* @name DeviceDelete */
-- Deletes the device with its configurations and jobs; its logs stay, see
-- logsDelete.
-- Its state is locked first, and waited for, as savers and JobInsert do: in the
-- other order the deletion and they would block each other.
-- Writes devices.
with state as materialized (
  select device_id
  from device_states
  where device_id = :id!
  for no key update
)
delete from devices
where
  id = :id!
  and (select count(*) from state) >= 0
returning id, hostname, ip_address, device_type, last_seen;
