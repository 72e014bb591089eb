/* @name DeviceStateEnsure */
-- Device states are the narrow rows that change at every contact.
-- Makes the state of a device where it is absent. A device that does not exist
-- breaks device_states_device_id_fkey.
insert into device_states (device_id)
values (:deviceId!)
on conflict (device_id) do nothing;

/* @name DeviceStateGet */
select
  device_id,
  content_hash,
  configuration_id,
  retrieved_at,
  verified_at,
  job_id
from device_states
where device_id = :deviceId!;

/* @name DeviceStateLock */
-- Keeps other savers of this device waiting until the transaction ends.
-- What is read after it, by another statement, is current.
select
  device_id,
  content_hash,
  configuration_id,
  retrieved_at,
  verified_at
from device_states
where device_id = :deviceId!
for no key update;
