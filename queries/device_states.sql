-- Device states are narrow rows that are updated whenever a device is read.

/* @name DeviceStateEnsure */
-- Creates the missing states of devices that exist.
-- Internal: a step of configSave.
-- Writes device_states.
insert into device_states (device_id)
select id
from devices
where id = any(:deviceIds!::integer[])
order by id
on conflict (device_id) do nothing;

/* @name DeviceStateGet */
-- Returns DeviceState.
-- Reads.
select
  device_id,
  content_hash,
  configuration_id,
  retrieved_at,
  verified_at,
  verified_count,
  job_id
from device_states
where device_id = :deviceId!;

/* @name DeviceStateLock */
-- Locks the states of devices until the transaction ends, so that other saves
-- of these devices wait. Later statements of the transaction read current data.
-- Returns LockedDeviceState.
-- Internal: a step of configSave, configBlame and configDelete.
-- Writes nothing, locks device_states.
select
  device_id,
  content_hash,
  configuration_id,
  retrieved_at,
  verified_at
from device_states
where device_id = any(:deviceIds!::integer[])
order by device_id
for no key update;
