-- Pins protect versions from retention. A version can be pinned under several
-- labels, such as golden or restored.

/* @name ConfigPin */
-- Pins a version. Pinning it again under the same label changes the note and
-- pinned_by. Returns no row if the version does not exist.
-- :id The version to pin.
-- :by Name of the person or service that pins the version.
-- :note Reason, as free text.
-- Returns ConfigPin.
-- Writes config_pins.
insert into config_pins
  (device_id, configuration_id, label, note, pinned_by)
select
  device_id,
  id,
  :label!,
  :note::text,
  :by!
from device_configurations
where id = :id!
on conflict (device_id, configuration_id, label) do update set
  note = excluded.note,
  pinned_by = excluded.pinned_by
returning device_id, configuration_id, label, note, pinned_by, pinned_at;

/* @name ConfigUnpin */
-- Removes a label from a version. The version stays pinned while it has another
-- label.
-- :id The version to unpin.
-- Returns ConfigPin.
-- Writes config_pins.
delete from config_pins
where
  configuration_id = :id!
  and device_id = (
    select device_id
    from device_configurations
    where id = :id!
  )
  and label = :label!
returning device_id, configuration_id, label, note, pinned_by, pinned_at;

/* @name ConfigPinList */
-- Lists pinned versions by device, newest first.
-- :deviceIds Only these devices.
-- :label Only pins under this label.
-- :afterConfigurationId The configurationId of the last row of the previous
--   page.
-- :afterDeviceId The deviceId of the last row of the previous page.
-- :afterLabel The label of the last row of the previous page.
-- :limit Maximum rows to return.
-- Reads.
select
  config_pins.device_id,
  devices.hostname,
  config_pins.configuration_id,
  config_pins.label,
  config_pins.note,
  config_pins.pinned_by,
  config_pins.pinned_at,
  device_configurations.retrieved_at,
  device_configurations.valid_until
from config_pins
join devices on devices.id = config_pins.device_id
join device_configurations
  on device_configurations.id = config_pins.configuration_id
where
  (:deviceIds::integer[] is null or config_pins.device_id = any(:deviceIds))
  and (:label::text is null or config_pins.label = :label)
  and (
    :afterDeviceId::integer is null
    or config_pins.device_id > :afterDeviceId
    or (
      config_pins.device_id = :afterDeviceId
      and (config_pins.configuration_id, config_pins.label)
      < (
        coalesce(:afterConfigurationId::bigint, 9223372036854775807),
        coalesce(:afterLabel::text, '')
      )
    )
  )
order by
  config_pins.device_id,
  config_pins.configuration_id desc,
  config_pins.label desc
limit :limit!::integer;
