-- Export of configuration histories to git, and import from git.

/* @name ConfigExportList */
-- Lists the versions of some devices with their texts, oldest first, for a
-- cursor.
-- A save that began earlier may commit later, so that its version sorts before
-- versions that an export has already read. An export that continues an earlier
-- one therefore skips versions that are younger than the longest save.
-- :minimumAge Skips versions younger than this, in milliseconds.
-- :afterId The id of the last row of the previous page.
-- :afterRetrievedAt The retrievedAt of the last row of the previous page.
-- :limit Maximum rows to return.
-- Internal: a step of configExport.
-- Reads.
select
  id,
  device_id,
  retrieved_at,
  config_data,
  raw,
  packed
from device_configurations
where
  device_id = any(:deviceIds!::integer[])
  and (retrieved_at, id)
  > (
    coalesce(:afterRetrievedAt::timestamptz, '-infinity'),
    coalesce(:afterId::bigint, 0)
  )
  and (
    :minimumAge::integer is null
    or retrieved_at <= now() - make_interval(secs => :minimumAge / 1000.0)
  )
order by retrieved_at, id
limit :limit!::integer;

/* @name ConfigImportDeviceList */
-- Lists the devices that have one of the hostnames or ids, each with its latest
-- version.
-- Internal: a step of configImport.
-- Reads.
select
  devices.id,
  devices.hostname,
  device_states.configuration_id as "configuration_id?",
  device_states.retrieved_at as "retrieved_at?",
  device_states.content_hash as "content_hash?"
from devices
left join device_states on device_states.device_id = devices.id
where
  devices.hostname = any(:hostnames!::text[])
  or devices.id = any(:ids!::integer[])
order by devices.id;

/* @name ConfigImportKnownList */
-- Finds the given texts that are already in the history: texts that were valid
-- on their device at the given time. Arrays are matched by position. Several
-- versions with one text may have been read at exactly that time; the oldest
-- comes first.
-- Internal: a step of configImport.
-- Reads.
with given as (
  select
    place::integer - 1 as index,
    device_id,
    content_hash,
    at
  from unnest(
    :deviceIds!::integer[],
    :contentHashes!::bytea[],
    :times!::timestamptz[]
  ) with ordinality as given (device_id, content_hash, at, place)
),
found as (
  select
    given.index,
    device_configurations.id,
    true as begun
  from given
  join device_configurations
    on device_configurations.device_id = given.device_id
    and device_configurations.content_hash = given.content_hash
    and device_configurations.retrieved_at = given.at
  union all
  select
    given.index,
    device_configurations.id,
    false as begun
  from given
  join device_configurations
    on device_configurations.device_id = given.device_id
    and device_configurations.content_hash = given.content_hash
    and tstzrange(
      device_configurations.retrieved_at,
      device_configurations.valid_until
    ) @> given.at
    and device_configurations.retrieved_at < given.at
)
select
  index as "index!",
  id as "id!",
  begun as "begun!"
from found
order by index, id;
