/* @name DeviceStateEnsure */
-- Device states are the narrow rows that change at every contact.
-- Makes the states of devices where they are absent and the device exists.
-- Writes device_states.
insert into device_states (device_id)
select id
from devices
where id = any(:deviceIds!::integer[])
order by id
on conflict (device_id) do nothing;

/* @name DeviceStateGet */
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
-- Keeps other savers of these devices waiting until the transaction ends.
-- What is read after it, by another statement, is current.
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
