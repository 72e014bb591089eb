/* @name ConfigInsert */
-- Configurations are versions: a row is written when a device's text changes.
-- Stores a new latest version, sets for good when the one before it was last
-- verified, and moves the device's state on to it. Only for a transaction that
-- holds DeviceStateLock and found another hash there.
-- The time is now, or that of the version before it if that is later: the
-- transaction may have begun before the other one committed. For an import it
-- may be given; versions come oldest first then, and no row comes back for one
-- that is older than the latest.
with latest as (
  select
    configuration_id,
    verified_at,
    coalesce(
      :retrievedAt::timestamptz,
      greatest(retrieved_at, date_trunc('milliseconds', now()))
    ) as next_at
  from device_states
  where
    device_id = :deviceId!
    and (
      :retrievedAt::timestamptz is null
      or retrieved_at is null
      or retrieved_at <= :retrievedAt
    )
),
superseded as (
  update device_configurations
  set verified_at = latest.verified_at
  from latest
  where device_configurations.id = latest.configuration_id
),
inserted as (
  insert into device_configurations (
    device_id,
    config_data,
    raw,
    content_hash,
    metadata,
    retrieved_at,
    verified_at
  )
  select
    :deviceId!,
    :configData!,
    :raw::bytea,
    :contentHash!,
    coalesce(:metadata::jsonb, '{}'),
    next_at,
    next_at
  from latest
  returning id, device_id, content_hash, retrieved_at, verified_at, metadata
),
moved as (
  update device_states
  set
    content_hash = inserted.content_hash,
    configuration_id = inserted.id,
    retrieved_at = inserted.retrieved_at,
    verified_at = inserted.verified_at
  from inserted
  where device_states.device_id = inserted.device_id
)
select
  inserted.id,
  inserted.device_id,
  inserted.retrieved_at,
  inserted.verified_at,
  inserted.content_hash,
  inserted.metadata,
  latest.configuration_id as previous_id
from inserted
cross join latest;

/* @name ConfigGet */
-- One version with its text.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  coalesce(
    device_states.verified_at,
    device_configurations.verified_at
  ) as "verified_at!",
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.config_data,
  device_configurations.raw
from device_configurations
left join device_states
  on device_states.device_id = device_configurations.device_id
  and device_states.configuration_id = device_configurations.id
where device_configurations.id = :id!;

/* @name ConfigPairGet */
-- Two versions with their texts, in the order asked for.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  coalesce(
    device_states.verified_at,
    device_configurations.verified_at
  ) as "verified_at!",
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.config_data,
  device_configurations.raw
from unnest(array[:idA!::bigint, :idB!::bigint])
  with ordinality as wanted (id, place)
join device_configurations on device_configurations.id = wanted.id
left join device_states
  on device_states.device_id = device_configurations.device_id
  and device_states.configuration_id = device_configurations.id
order by wanted.place;

/* @name ConfigLatestGet */
-- The latest version of a device, with its text.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  device_states.verified_at as "verified_at!",
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.config_data,
  device_configurations.raw
from device_states
join device_configurations
  on device_configurations.id = device_states.configuration_id
where device_states.device_id = :deviceId!;

/* @name ConfigAsOfGet */
-- The version of a device that was valid at a time, with its text; no row if
-- its first one is later.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  coalesce(
    device_states.verified_at,
    device_configurations.verified_at
  ) as "verified_at!",
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.config_data,
  device_configurations.raw
from device_configurations
left join device_states
  on device_states.device_id = device_configurations.device_id
  and device_states.configuration_id = device_configurations.id
where
  device_configurations.device_id = :deviceId!
  and device_configurations.retrieved_at <= :at!
order by
  device_configurations.retrieved_at desc,
  device_configurations.id desc
limit 1;

/* @name ConfigLatestList */
-- The latest versions of the devices without their text, by device; size in
-- bytes. Without device ids: of all.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  device_states.verified_at as "verified_at!",
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.added,
  device_configurations.removed,
  coalesce(
    octet_length(device_configurations.raw),
    octet_length(device_configurations.config_data)
  ) as "size!"
from device_states
join device_configurations
  on device_configurations.id = device_states.configuration_id
where
  (
    :deviceIds::integer[] is null
    or device_states.device_id = any(:deviceIds)
  )
  and device_states.device_id > coalesce(:afterDeviceId::integer, 0)
order by device_states.device_id
limit :limit!::integer;

/* @name ConfigHistoryList */
-- The versions of a device without their text, newest first; size in bytes.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  coalesce(
    device_states.verified_at,
    device_configurations.verified_at
  ) as "verified_at!",
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.added,
  device_configurations.removed,
  coalesce(
    octet_length(device_configurations.raw),
    octet_length(device_configurations.config_data)
  ) as "size!"
from device_configurations
left join device_states
  on device_states.device_id = device_configurations.device_id
  and device_states.configuration_id = device_configurations.id
where
  device_configurations.device_id = :deviceId!
  and (device_configurations.retrieved_at, device_configurations.id)
  < (
    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),
    coalesce(:afterId::bigint, 9223372036854775807)
  )
order by
  device_configurations.retrieved_at desc,
  device_configurations.id desc
limit :limit!::integer;

/* @name ConfigVerify */
-- Notes that the device was read just now and sent its latest text again.
-- Returns the id of that version; no row if the text is another one.
update device_states
set verified_at = greatest(verified_at, date_trunc('milliseconds', now()))
where
  device_id = :deviceId!
  and content_hash = :contentHash!
returning configuration_id as "id!";

/* @name ConfigBlameGet */
-- A version with its text and where its lines came in, as src/blame.ts reads it.
select
  id,
  device_id,
  retrieved_at,
  config_data,
  blame
from device_configurations
where id = :id!;

/* @name ConfigTimeList */
-- When versions were first read, by id.
select id, retrieved_at
from device_configurations
where id = any(:ids!::bigint[])
order by id;

/* @name ConfigVersionDelete */
-- Deletes a version; configDelete mends the index of lines as well. The latest
-- one stays while its device does: to delete it breaks
-- device_states_device_id_configuration_id_fkey.
delete from device_configurations
where id = :id!
returning id, device_id, retrieved_at;
