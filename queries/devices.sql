-- Devices are the systems that NetRaven backs up. Each row includes the names
-- of its tags.

/* @name DeviceInsert */
-- Creates a device with its tags, creating tags that do not exist. A hostname
-- or address that is taken violates devices_hostname_key or
-- devices_ip_address_key.
-- :tagNames Tags that do not exist are created.
-- .tags[!] Names of its tags, sorted.
-- Returns Device.
-- Writes devices, tags, device_tags.
with inserted as (
  insert into devices (hostname, ip_address, device_type)
  values (:hostname!, :ipAddress!, :deviceType!)
  returning id, hostname, ip_address, device_type, last_seen
),
wanted as (
  select tags_ensure(:tagNames::text[]) as tag
  from inserted
),
tagged as (
  insert into device_tags (device_id, tag_id)
  select
    inserted.id,
    (wanted.tag).id
  from inserted
  cross join wanted
)
select
  id,
  hostname,
  ip_address,
  device_type,
  last_seen,
  array(select (tag).name from wanted order by 1) as "tags!"
from inserted;

/* @name DeviceInsertMany */
-- Creates many devices and returns the outcome for each, in the given order.
-- Arrays are matched by position.
-- A device is a duplicate if its hostname or address is taken, in the table or
-- earlier in the input. A duplicate changes nothing. Its id is that of the
-- device with the hostname, else with the address, or null while the
-- transaction that took it is not visible.
-- Rows are inserted by hostname, so that concurrent calls cannot deadlock.
-- :tagNames JSON array with an array of names, or null, for each device.
-- .index Position in the input, from 0.
-- .outcome One of: created, duplicate.
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
wanted as (
  select tags_ensure(array(select name from labels)) as tag
),
tagged as (
  insert into device_tags (device_id, tag_id)
  select
    labels.device_id,
    (wanted.tag).id
  from labels
  join wanted on (wanted.tag).name = labels.name
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
-- Creates the device with this hostname, or updates its address and type. An
-- address of another device violates devices_ip_address_key. So may, once, a
-- call that creates a device while another call is creating it.
-- A row that was just inserted has xmax 0: no transaction has locked or updated
-- it.
-- :tagNames Replaces its tags. Defaults to the current tags.
-- .tags[!] Names of its tags, sorted.
-- .inserted Whether this call created the device.
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
wanted as (
  select tags_ensure(:tagNames::text[]) as tag
  from upserted
),
removed as (
  delete from device_tags
  using upserted
  where
    :tagNames::text[] is not null
    and device_tags.device_id = upserted.id
    and device_tags.tag_id not in (select (tag).id from wanted)
),
added as (
  insert into device_tags (device_id, tag_id)
  select
    upserted.id,
    (wanted.tag).id
  from upserted
  cross join wanted
  order by 2
  on conflict do nothing
)
select
  id,
  hostname,
  ip_address,
  device_type,
  last_seen,
  inserted as "inserted!",
  case
    when :tagNames::text[] is null then names
    else array(select (tag).name from wanted order by 1)
  end as "tags!"
from upserted
cross join device_tag_names(id) as names;

/* @name DeviceGet */
-- Returns Device.
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  names as "tags!"
from devices
cross join device_tag_names(devices.id) as names
where devices.id = :id!;

/* @name DeviceGetByHostname */
-- Returns Device.
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  names as "tags!"
from devices
cross join device_tag_names(devices.id) as names
where devices.hostname = :hostname!;

/* @name DeviceGetByIpAddress */
-- Returns Device.
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  names as "tags!"
from devices
cross join device_tag_names(devices.id) as names
where devices.ip_address = :ipAddress!;

/* @name DeviceGetMany */
-- Lists the devices that exist, by id.
-- Returns Device.
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  names as "tags!"
from devices
cross join device_tag_names(devices.id) as names
where devices.id = any(:ids!::integer[])
order by devices.id;

/* @name DeviceList */
-- Lists devices by hostname, each with its tags, the number of credentials that
-- share a tag with it, its latest configuration and the status of its latest
-- job. All filters are optional. The letters A to Z match in upper and lower
-- case.
-- :hostname Part of the hostname, case-insensitive.
-- :network Network that contains the address, such as 10.0.0.0/8.
-- :deviceType Exact device type.
-- :anyTags The device carries one of these tags.
-- :allTags The device carries all of these tags.
-- :q Part of the hostname, type or address, case-insensitive.
-- :afterHostname The hostname of the last row of the previous page.
-- :afterId The id of the last row of the previous page.
-- :limit Maximum rows to return.
-- .tags[!] Names of its tags, sorted.
-- .credentialCount Number of credentials that share a tag with it.
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
  names as "tags!",
  coalesce(counts.credentials, 0) as "credential_count!",
  device_states.configuration_id as "latest_configuration_id?",
  device_states.retrieved_at as "latest_retrieved_at?",
  device_states.verified_at as "latest_verified_at?",
  jobs.status as "latest_job_status?"
from page
cross join device_tag_names(page.id) as names
left join counts on counts.device_id = page.id
left join device_states on device_states.device_id = page.id
left join jobs on jobs.id = device_states.job_id
order by page.hostname, page.id;

/* @name DeviceCount */
-- Counts the devices that DeviceList lists with these filters.
-- :hostname Part of the hostname, case-insensitive.
-- :network Network that contains the address, such as 10.0.0.0/8.
-- :deviceType Exact device type.
-- :anyTags The device carries one of these tags.
-- :allTags The device carries all of these tags.
-- :q Part of the hostname, type or address, case-insensitive.
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
-- Counts the devices that DeviceList lists with these filters, by type.
-- :hostname Part of the hostname, case-insensitive.
-- :network Network that contains the address, such as 10.0.0.0/8.
-- :deviceType Exact device type.
-- :anyTags The device carries one of these tags.
-- :allTags The device carries all of these tags.
-- :q Part of the hostname, type or address, case-insensitive.
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
-- Lists devices that carry the tag, by hostname.
-- :afterHostname The hostname of the last row of the previous page.
-- :afterId The id of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns Device.
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  names as "tags!"
from tags
join device_tags as carried on carried.tag_id = tags.id
join devices on devices.id = carried.device_id
cross join device_tag_names(devices.id) as names
where
  tags.name = :tagName!
  and (devices.hostname, devices.id)
  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
order by devices.hostname, devices.id
limit :limit!::integer;

/* @name DeviceListWithoutCredential */
-- Lists devices that share no tag with any credential, by hostname.
-- :afterHostname The hostname of the last row of the previous page.
-- :afterId The id of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns Device.
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  names as "tags!"
from devices
cross join device_tag_names(devices.id) as names
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
-- Lists devices that were never backed up or not verified since a time: the
-- never backed up first, then the longest unverified.
-- :verifiedBefore Lists devices not verified since this time.
-- :afterId The id of the last row of the previous page.
-- :afterVerifiedAt The verifiedAt of the last row of the previous page.
-- :limit Maximum rows to return.
-- .tags[!] Names of its tags, sorted.
-- Reads.
select
  devices.id,
  devices.hostname,
  devices.ip_address,
  devices.device_type,
  devices.last_seen,
  names as "tags!",
  device_states.verified_at as "verified_at?"
from devices
cross join device_tag_names(devices.id) as names
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
-- Changes the given fields and keeps the others. Tags that do not exist are
-- created. Only DeviceSeen changes last_seen.
-- :hostname Defaults to the current hostname.
-- :ipAddress Defaults to the current address.
-- :deviceType Defaults to the current type.
-- :tagNames Replaces its tags. Defaults to the current tags.
-- Returns Device.
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
wanted as (
  select tags_ensure(:tagNames::text[]) as tag
  from updated
),
removed as (
  delete from device_tags
  using updated
  where
    :tagNames::text[] is not null
    and device_tags.device_id = updated.id
    and device_tags.tag_id not in (select (tag).id from wanted)
),
added as (
  insert into device_tags (device_id, tag_id)
  select
    updated.id,
    (wanted.tag).id
  from updated
  cross join wanted
  order by 2
  on conflict do nothing
)
select
  id,
  hostname,
  ip_address,
  device_type,
  last_seen,
  case
    when :tagNames::text[] is null then names
    else array(select (tag).name from wanted order by 1)
  end as "tags!"
from updated
cross join device_tag_names(id) as names;

/* @name DeviceSeen */
-- Records that the devices were reached just now. Returns the devices whose
-- last_seen changed; it never decreases.
-- Writes devices.
update devices
set last_seen = date_trunc('milliseconds', now())
where
  id = any(:ids!::integer[])
  and (last_seen is null or last_seen < date_trunc('milliseconds', now()))
returning id, last_seen;

/* @name DeviceDelete */
-- Deletes a device with its configurations and jobs. Its logs stay; logsDelete
-- deletes them.
-- Locks the device state first, and waits for it, as saves and JobInsert do: in
-- another order they could deadlock.
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
