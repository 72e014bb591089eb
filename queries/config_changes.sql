-- Changes of configurations over time, across all devices.

/* @name ConfigChangeList */
-- Lists versions that changed a device, newest first. The first version of a
-- device has no previous_id; configDiff shows what any other version changed.
-- :from From this time on.
-- :until Before this time.
-- :deviceIds Only these devices.
-- :tagNames Only devices that carry one of these tags.
-- :afterId The id of the last row of the previous page.
-- :afterRetrievedAt The retrievedAt of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns ConfigChange.
-- Reads.
select
  device_configurations.id,
  device_configurations.device_id,
  devices.hostname,
  device_configurations.retrieved_at,
  device_configurations.previous_id,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.metadata
from device_configurations
join devices on devices.id = device_configurations.device_id
where
  device_configurations.retrieved_at >= :from!
  and device_configurations.retrieved_at < :until!
  and (
    :deviceIds::integer[] is null
    or device_configurations.device_id = any(:deviceIds)
  )
  and (
    :tagNames::text[] is null
    or device_configurations.device_id in (
      select * from devices_tagged(:tagNames)
    )
  )
  and (device_configurations.retrieved_at, device_configurations.id)
  < (
    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),
    coalesce(:afterId::bigint, 9223372036854775807)
  )
order by
  device_configurations.retrieved_at desc,
  device_configurations.id desc
limit :limit!::integer;

/* @name ConfigCalendarList */
-- Counts new versions for each calendar day of a time zone. A day without any
-- has no row.
-- :from From this time on.
-- :until Before this time.
-- :zone Time zone of the days, such as Europe/Berlin.
-- :tagNames Only devices that carry one of these tags.
-- .day Date as YYYY-MM-DD.
-- .changes Versions that are not the first of their device.
-- .devices Devices that changed.
-- .firstRead Devices that were read for the first time.
-- Reads.
select
  to_char(retrieved_at at time zone :zone!, 'YYYY-MM-DD') as "day!",
  (count(*) filter (where previous_id is not null))::integer as "changes!",
  (count(distinct device_id) filter (where previous_id is not null))::integer
    as "devices!",
  coalesce(sum(added) filter (where previous_id is not null), 0)::bigint
    as "added!",
  coalesce(sum(removed) filter (where previous_id is not null), 0)::bigint
    as "removed!",
  (count(*) filter (where previous_id is null))::integer as "first_read!"
from device_configurations
where
  retrieved_at >= :from!
  and retrieved_at < :until!
  and (
    :tagNames::text[] is null
    or device_id in (select * from devices_tagged(:tagNames))
  )
group by 1
order by 1;
