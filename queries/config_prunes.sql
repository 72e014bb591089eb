/* @name ConfigPruneList */
-- Retention: which versions go, and how they do. Never the latest one of a
-- device, never a pinned one; config_quarantine is no part of it.
-- Versions that no rule keeps, by device, oldest first, without text; size in
-- bytes. A version is kept when it is one of so many last ones of its device,
-- stood within so many days, or is the last that began in its month (UTC) and
-- stood in this month or one of so many before it. Times are judged by when a
-- version ended: what was valid at any time within the days stays. A rule that
-- is absent keeps nothing; without any rule nothing goes. Which devices count:
-- one, those of a list, those with one at least of the tags, or all. After a
-- device id alone come the devices after it.
-- What is put in order stands in an index as a whole: no text is carried along.
-- Reads.
with placed as (
  select
    id,
    device_id,
    retrieved_at,
    -- Null for those that are among the last.
    lead(id, :keepLast::integer) over of_device as following_id,
    lead(retrieved_at) over of_device as next_at
  from device_configurations
  where
    -- A range, so that one device is found by the index in any plan.
    device_id between
      coalesce(:deviceId::integer, :afterDeviceId::integer, 0)
      and coalesce(:deviceId, 2147483647)
    and (:deviceIds::integer[] is null or device_id = any(:deviceIds))
    and (
      :tagNames::text[] is null
      or device_id in (
        select device_tags.device_id
        from tags
        join device_tags on device_tags.tag_id = tags.id
        where tags.name = any(:tagNames)
      )
    )
  window of_device as (partition by device_id order by retrieved_at, id)
)
select
  placed.device_id,
  devices.hostname,
  placed.id,
  placed.retrieved_at,
  version.valid_until as "valid_until!",
  version.size
from placed
join device_configurations as version on version.id = placed.id
join devices on devices.id = placed.device_id
where
  (placed.device_id, placed.retrieved_at, placed.id)
  > (
    coalesce(:afterDeviceId, 0),
    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),
    coalesce(:afterId::bigint, 9223372036854775807)
  )
  -- The latest one has not ended.
  and version.valid_until is not null
  and not exists (
    select
    from config_pins
    where
      config_pins.device_id = placed.device_id
      and config_pins.configuration_id = placed.id
  )
  and coalesce(:keepLast, :keepDays::integer, :keepMonths::integer) is not null
  and (:keepLast::integer is null or placed.following_id is not null)
  and (
    :keepDays::integer is null
    -- A day has 24 hours, whatever the session's time zone does.
    or version.valid_until <= now() - make_interval(hours => 24 * :keepDays)
  )
  and (
    :keepMonths::integer is null
    or date_trunc('month', placed.retrieved_at at time zone 'UTC')
    = date_trunc('month', placed.next_at at time zone 'UTC')
    or version.valid_until
    <= (
      date_trunc('month', now() at time zone 'UTC')
      - make_interval(months => :keepMonths)
    ) at time zone 'UTC'
  )
order by placed.device_id, placed.retrieved_at, placed.id
limit :limit!::integer;

/* @name ConfigPruneLock */
-- Keeps versions from being pinned until the transaction ends. One that
-- somebody is about to pin is skipped, not waited for.
-- Writes nothing, locks device_configurations.
select id
from device_configurations
where id = any(:ids!::bigint[])
order by id
for update skip locked;

/* @name ConfigPruneDelete */
-- Deletes versions that are not pinned. Only for a transaction that holds
-- DeviceStateLock and ConfigPruneLock, and makes the index of lines anew: it
-- then sees every pin there is, and no other one can come. The latest version,
-- and a pinned one in any other transaction, are kept by their foreign keys.
-- Writes device_configurations.
delete from device_configurations
where
  id = any(:ids!::bigint[])
  and not exists (
    select
    from config_pins
    where
      config_pins.device_id = device_configurations.device_id
      and config_pins.configuration_id = device_configurations.id
  )
returning id;
