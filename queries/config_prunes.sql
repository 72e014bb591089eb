-- Retention: which versions are deleted, and how. The latest version of a
-- device and pinned versions are never deleted. The quarantine is not affected.

/* @name ConfigPruneList */
-- Lists the versions that no retention rule keeps, by device, oldest first,
-- without their texts; size is in bytes. A version is kept if it is among the
-- keepLast latest versions of its device, if it was valid within the last
-- keepDays days, or if it is the last version that began in its month (UTC) and
-- was valid in this month or one of the keepMonths months before. An absent
-- rule keeps nothing; without any rule no version is listed. The devices are
-- one device, those of a list, those with at least one of the tags, or all.
-- afterDeviceId alone continues with the next device.
-- The sort needs only columns of one index, so it reads no texts.
-- :keepLast Number of latest versions of each device to keep.
-- :keepDays Keeps versions that were valid within this many days of 24 hours.
-- :keepMonths Keeps the last version of this month and of this many months
--   before it.
-- :deviceId Only this device.
-- :deviceIds Only these devices.
-- :tagNames Only devices that carry one of these tags.
-- :afterDeviceId The deviceId of the last row of the previous page.
-- :afterId The id of the last row of the previous page.
-- :afterRetrievedAt The retrievedAt of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns PrunableVersion.
-- Internal: a step of configPrune.
-- Reads.
with placed as (
  select
    id,
    device_id,
    retrieved_at,
    -- Null for the latest versions that keepLast keeps.
    lead(id, :keepLast::integer) over of_device as following_id,
    lead(retrieved_at) over of_device as next_at
  from device_configurations
  where
    -- A range, so that every plan finds one device by the index.
    device_id between
      coalesce(:deviceId::integer, :afterDeviceId::integer, 0)
      and coalesce(:deviceId, 2147483647)
    and (:deviceIds::integer[] is null or device_id = any(:deviceIds))
    and (
      :tagNames::text[] is null
      or device_id in (select * from devices_tagged(:tagNames))
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
  -- The latest version has no end.
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
    -- A day has 24 hours, whatever the time zone of the session.
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
-- Prevents versions from being pinned until the transaction ends. Skips
-- versions that another transaction is about to pin.
-- Returns Id.
-- Internal: a step of configPrune.
-- Writes nothing, locks device_configurations.
select id
from device_configurations
where id = any(:ids!::bigint[])
order by id
for update skip locked;

/* @name ConfigPruneDelete */
-- Deletes versions that are not pinned. Only for a transaction that holds
-- DeviceStateLock and ConfigPruneLock and rebuilds the line index: it sees
-- every pin, and no pin can be added. Foreign keys protect the latest version
-- and, in any other transaction, pinned versions.
-- Returns Id.
-- Internal: a step of configPrune.
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
