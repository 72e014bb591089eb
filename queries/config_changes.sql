/* @name ConfigChangeList */
-- Changes are versions by time, over the fleet.
-- What changed from since to before until, newest first: of all devices, some,
-- or those with one of the tags. The first version of a device has no
-- previous_id; configDiff tells what changed to any other.
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
  device_configurations.retrieved_at >= :since!
  and device_configurations.retrieved_at < :until!
  and (
    :deviceIds::integer[] is null
    or device_configurations.device_id = any(:deviceIds)
  )
  and (
    :tagNames::text[] is null
    or device_configurations.device_id in (
      select device_tags.device_id
      from device_tags
      join tags on tags.id = device_tags.tag_id
      where tags.name = any(:tagNames)
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
-- The days from since to before until on which something changed, by the
-- calendar of a time zone such as Europe/Berlin: how many changes, on how many
-- devices, of how many lines, and how many devices were read for the first time.
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
  retrieved_at >= :since!
  and retrieved_at < :until!
  and (
    :tagNames::text[] is null
    or device_id in (
      select device_tags.device_id
      from device_tags
      join tags on tags.id = device_tags.tag_id
      where tags.name = any(:tagNames)
    )
  )
group by 1
order by 1;
