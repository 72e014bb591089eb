-- Configurations are versions: a row is added when the text of a device
-- changes.

/* @name ConfigVerify */
-- Records that a device was read just now and sent its latest text again.
-- Returns the id of that version, or no row if the text is different.
-- Returns Id.
-- Internal: a step of configSave.
-- Writes device_states.
update device_states
set
  verified_at = greatest(verified_at, date_trunc('milliseconds', now())),
  verified_count = verified_count + 1
where
  device_id = :deviceId!
  and content_hash = :contentHash!
returning configuration_id as "id!";

/* @name ConfigVerifyMany */
-- Records that devices were read just now and sent their latest texts again.
-- Arrays are matched by position; each device appears once. Returns each device
-- that exists with its type, and the id of its latest version if that has the
-- text.
-- Internal: a step of configSave.
-- Writes device_states.
with given as (
  select device_id, content_hash
  from unnest(:deviceIds!::integer[], :contentHashes!::bytea[])
    as given (device_id, content_hash)
),
-- In one order, so that concurrent calls wait but cannot deadlock.
locked as (
  select
    device_states.device_id,
    device_states.content_hash
  from device_states
  join given using (device_id, content_hash)
  order by device_states.device_id
  for no key update of device_states
),
verified as (
  update device_states
  set
    verified_at = greatest(verified_at, date_trunc('milliseconds', now())),
    verified_count = verified_count + 1
  from locked
  where
    device_states.device_id = locked.device_id
    and device_states.content_hash = locked.content_hash
  returning device_states.device_id, device_states.configuration_id
)
select
  devices.id as device_id,
  devices.device_type,
  verified.configuration_id as "verified_id?"
from given
join devices on devices.id = given.device_id
left join verified on verified.device_id = given.device_id;

/* @name ConfigBaseList */
-- Returns what a save needs to know about devices before it stores new
-- versions: the latest version with its text, the changes of each version, and
-- two checks of the new text. Arrays are matched by position. Only for a
-- transaction that holds the device states.
-- :flappingSeconds Period in which equal texts are counted, in seconds.
-- :lastLines Last line of each new text.
-- :endMarkers[?] Regular expression for the last line; null allows any.
-- .versionIds[!] Versions of the device, oldest first.
-- .changes[?] Changes of each of these versions; null if it is not indexed.
-- .ended Whether the last line matches the end marker; null if there is none.
-- .returns How often the same text was stored in the period.
-- Internal: a step of configSave.
-- Reads.
select
  given.device_id as "device_id!",
  latest.id as "id?",
  latest.size as "size?",
  latest.config_data,
  latest.raw,
  latest.packed,
  array(
    select version.id
    from device_configurations as version
    where version.device_id = given.device_id
    order by version.retrieved_at, version.id
  ) as "version_ids!",
  array(
    select version.changes
    from device_configurations as version
    where version.device_id = given.device_id
    order by version.retrieved_at, version.id
  ) as "changes!",
  given.last_line ~ given.end_marker as "ended?",
  (
    select count(*)
    from device_configurations as former
    where
      former.device_id = given.device_id
      and former.retrieved_at
      > now() - make_interval(secs => :flappingSeconds!::integer)
      and former.content_hash = given.content_hash
  )::integer as "returns!"
from
  unnest(
    :deviceIds!::integer[],
    :contentHashes!::bytea[],
    :lastLines!::text[],
    :endMarkers!::text[]
  ) as given (device_id, content_hash, last_line, end_marker)
  left join device_states on device_states.device_id = given.device_id
  left join device_configurations as latest
    on latest.id = device_states.configuration_id;

/* @name ConfigNoiseList */
-- Lists devices whose texts before and after differ only in ignored lines.
-- Arrays are matched by position.
-- :noises Regular expression for ignored lines, for each device.
-- Returns DeviceId.
-- Internal: a step of configSave.
-- Reads.
select given.device_id as "device_id!"
from
  unnest(
    :deviceIds!::integer[],
    :textsBefore!::text[],
    :textsAfter!::text[],
    :noises!::text[]
  ) as given (device_id, text_before, text_after, noise)
where
  array(
    select line
    from string_to_table(given.text_before, chr(10))
      with ordinality as lines (line, place)
    where rtrim(line, chr(13)) !~ given.noise
    order by place
  )
  = array(
    select line
    from string_to_table(given.text_after, chr(10))
      with ordinality as lines (line, place)
    where rtrim(line, chr(13)) !~ given.noise
    order by place
  );

/* @name ConfigInsert */
-- Stores new latest versions with their line index. Arrays are matched by
-- position; each device appears once. Sets the final verified_at and
-- verified_count of the previous versions, updates the device states, and
-- removes the same texts from the quarantine. Only for a transaction that holds
-- the device states and found another hash there.
-- retrieved_at is now, or that of the previous version if that is later: this
-- transaction may have begun before the other one committed. An import may set
-- it. Versions must then come oldest first, and a version that is older than
-- the latest returns no row.
-- :ids[?] A new id if null.
-- :packed Texts, compressed by Brotli.
-- :sizes Sizes of the texts in bytes.
-- :metadatas[?] Empty if null.
-- :retrievedAts[?] Now if null.
-- :verifiedAts[?] Same as retrievedAts if null.
-- :verifiedCounts[?] 1 if null.
-- Internal: a step of configSave.
-- Writes device_configurations, device_states, config_quarantine, config_lines,
-- config_line_ends.
with given as (
  select *
  from unnest(
    :deviceIds!::integer[], :ids!::bigint[], :packed!::bytea[],
    :sizes!::integer[], :contentHashes!::bytea[], :metadatas!::jsonb[],
    :retrievedAts!::timestamptz[], :verifiedAts!::timestamptz[],
    :verifiedCounts!::integer[], :changes!::bytea[], :added!::integer[],
    :removed!::integer[]
  ) as given (
    device_id, id, packed, size, content_hash, metadata, retrieved_at,
    verified_at, verified_count, changes, added, removed
  )
),
latest as (
  select
    state.device_id,
    state.configuration_id,
    state.verified_at,
    state.verified_count,
    coalesce(
      given.retrieved_at,
      greatest(state.retrieved_at, date_trunc('milliseconds', now()))
    ) as next_at
  from device_states as state
  join given on given.device_id = state.device_id
  where
    given.retrieved_at is null
    or state.retrieved_at is null
    or state.retrieved_at <= given.retrieved_at
),
superseded as (
  update device_configurations
  set
    verified_at = latest.verified_at,
    verified_count = latest.verified_count,
    valid_until = latest.next_at
  from latest
  where device_configurations.id = latest.configuration_id
  returning device_configurations.device_id
),
inserted as (
  insert into device_configurations (
    id, device_id, packed, size, content_hash, metadata, retrieved_at,
    verified_at, previous_id, added, removed, changes
  )
  overriding system value
  select
    coalesce(given.id, nextval('device_configurations_id_seq')),
    device_id, given.packed, given.size, given.content_hash,
    coalesce(given.metadata, '{}'), latest.next_at,
    coalesce(given.verified_at, latest.next_at),
    latest.configuration_id, given.added, given.removed, given.changes
  from latest
  join given using (device_id)
  -- Only after the previous version has ended: they must not overlap.
  left join superseded using (device_id)
  returning id, device_id, content_hash, retrieved_at, verified_at, previous_id
),
moved as (
  update device_states
  set
    content_hash = inserted.content_hash,
    configuration_id = inserted.id,
    retrieved_at = inserted.retrieved_at,
    verified_at = inserted.verified_at,
    verified_count = coalesce(given.verified_count, 1)
  from inserted
  join given using (device_id)
  where device_states.device_id = inserted.device_id
),
freed as (
  delete from config_quarantine
  using inserted
  where
    config_quarantine.device_id = inserted.device_id
    and config_quarantine.content_hash = inserted.content_hash
),
begun as (
  insert into config_lines (device_id, configuration_id, part, numbers, lines)
  select device_id, inserted.id, part, numbers::int4multirange, lines
  from inserted
  join unnest(
    :partDeviceIds!::integer[], :partNumbers!::integer[],
    :lineNumbers!::text[], :lineTexts!::text[]
  ) as come (device_id, part, numbers, lines) using (device_id)
),
ended as (
  insert into config_line_ends
    (device_id, configuration_id, ended_by, numbers)
  select device_id, gone.id, inserted.id, gone.numbers::int4multirange
  from inserted
  join unnest(
    :endDeviceIds!::integer[], :endIds!::bigint[], :endNumbers!::text[]
  ) as gone (device_id, id, numbers) using (device_id)
)
select id, device_id, retrieved_at, previous_id
from inserted;

/* @name ConfigGet */
-- Returns a version with its text.
-- Returns ConfigVersion.
-- Reads.
select
  id as "id!",
  device_id as "device_id!",
  retrieved_at as "retrieved_at!",
  verified_at as "verified_at!",
  verified_count as "verified_count!",
  valid_until,
  content_hash as "content_hash!",
  metadata as "metadata!",
  previous_id,
  added,
  removed,
  config_data,
  raw,
  packed
from config_versions
where id = :id!;

/* @name ConfigPairGet */
-- Returns two versions with their texts, in the given order.
-- Returns ConfigVersion.
-- Internal: a step of configDiff.
-- Reads.
select
  version.id as "id!",
  version.device_id as "device_id!",
  version.retrieved_at as "retrieved_at!",
  version.verified_at as "verified_at!",
  version.verified_count as "verified_count!",
  version.valid_until,
  version.content_hash as "content_hash!",
  version.metadata as "metadata!",
  version.previous_id,
  version.added,
  version.removed,
  version.config_data,
  version.raw,
  version.packed
from unnest(array[:idA!::bigint, :idB!::bigint])
  with ordinality as wanted (id, place)
join config_versions as version on version.id = wanted.id
order by wanted.place;

/* @name ConfigLatestGet */
-- Returns the latest version of a device, with its text.
-- Returns ConfigVersion.
-- Reads.
select
  id as "id!",
  device_id as "device_id!",
  retrieved_at as "retrieved_at!",
  verified_at as "verified_at!",
  verified_count as "verified_count!",
  valid_until,
  content_hash as "content_hash!",
  metadata as "metadata!",
  previous_id,
  added,
  removed,
  config_data,
  raw,
  packed
from config_versions
where
  device_id = :deviceId!
  and is_latest;

/* @name ConfigAsOfGet */
-- Returns the version of a device that was valid at a time, with its text.
-- Returns no row if the first version is later.
-- :at Time at which the version was valid.
-- Returns ConfigVersion.
-- Reads.
select
  id as "id!",
  device_id as "device_id!",
  retrieved_at as "retrieved_at!",
  verified_at as "verified_at!",
  verified_count as "verified_count!",
  valid_until,
  content_hash as "content_hash!",
  metadata as "metadata!",
  previous_id,
  added,
  removed,
  config_data,
  raw,
  packed
from config_versions
where
  device_id = :deviceId!
  and retrieved_at <= :at!
order by retrieved_at desc, id desc
limit 1;

/* @name ConfigAsOfList */
-- Lists the version of each device that was valid at a time, by device, without
-- the texts. A valid_until before that time means that the version that was
-- valid then was pruned.
-- :at Time at which the versions were valid.
-- :tagNames Only devices that carry one of these tags.
-- :afterDeviceId The deviceId of the last row of the previous page.
-- :limit Maximum rows to return.
-- Reads.
select
  version.id as "id!",
  version.device_id as "device_id!",
  devices.hostname,
  version.retrieved_at as "retrieved_at!",
  version.verified_at as "verified_at!",
  version.valid_until,
  version.content_hash as "content_hash!",
  version.metadata as "metadata!",
  version.previous_id,
  version.added,
  version.removed,
  version.size as "size!"
from devices
cross join lateral (
  select *
  from config_versions
  where
    config_versions.device_id = devices.id
    and config_versions.retrieved_at <= :at!
  order by config_versions.retrieved_at desc, config_versions.id desc
  limit 1
) as version
where
  devices.id > coalesce(:afterDeviceId::integer, 0)
  and (
    :tagNames::text[] is null
    or devices.id in (select * from devices_tagged(:tagNames))
  )
order by devices.id
limit :limit!::integer;

/* @name ConfigLatestList */
-- Lists the latest versions of devices without their texts, by device.
-- :deviceIds Only these devices.
-- :afterDeviceId The deviceId of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns ConfigVersionSummary.
-- Reads.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  device_states.verified_at as "verified_at!",
  device_states.verified_count as "verified_count!",
  device_configurations.valid_until,
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.previous_id,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.size
-- Without config_versions, a page starts at its first device in device_states.
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
-- Lists the versions of a device without their texts, newest first; size is in
-- bytes.
-- :afterId The id of the last row of the previous page.
-- :afterRetrievedAt The retrievedAt of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns ConfigVersionSummary.
-- Reads.
select
  id as "id!",
  device_id as "device_id!",
  retrieved_at as "retrieved_at!",
  verified_at as "verified_at!",
  verified_count as "verified_count!",
  valid_until,
  content_hash as "content_hash!",
  metadata as "metadata!",
  previous_id,
  added,
  removed,
  size as "size!"
from config_versions
where
  device_id = :deviceId!
  and (retrieved_at, id)
  < (
    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),
    coalesce(:afterId::bigint, 9223372036854775807)
  )
order by retrieved_at desc, id desc
limit :limit!::integer;

/* @name ConfigPreviousGet */
-- Returns the version before a given one, without its text. Returns no row for
-- the first version.
-- :id Version whose predecessor is returned.
-- Returns ConfigVersionSummary.
-- Reads.
select
  version.id as "id!",
  version.device_id as "device_id!",
  version.retrieved_at as "retrieved_at!",
  version.verified_at as "verified_at!",
  version.verified_count as "verified_count!",
  version.valid_until,
  version.content_hash as "content_hash!",
  version.metadata as "metadata!",
  version.previous_id,
  version.added,
  version.removed,
  version.size as "size!"
from device_configurations as given
join config_versions as version on version.device_id = given.device_id
where
  given.id = :id!
  and (version.retrieved_at, version.id) < (given.retrieved_at, given.id)
order by version.retrieved_at desc, version.id desc
limit 1;

/* @name ConfigNextGet */
-- Returns the version after a given one, without its text. Returns no row for
-- the latest version.
-- :id Version whose successor is returned.
-- Returns ConfigVersionSummary.
-- Reads.
select
  version.id as "id!",
  version.device_id as "device_id!",
  version.retrieved_at as "retrieved_at!",
  version.verified_at as "verified_at!",
  version.verified_count as "verified_count!",
  version.valid_until,
  version.content_hash as "content_hash!",
  version.metadata as "metadata!",
  version.previous_id,
  version.added,
  version.removed,
  version.size as "size!"
from device_configurations as given
join config_versions as version on version.device_id = given.device_id
where
  given.id = :id!
  and (version.retrieved_at, version.id) > (given.retrieved_at, given.id)
order by version.retrieved_at, version.id
limit 1;

/* @name ConfigBlameGet */
-- Returns a version with its text, and the changes of all versions of its
-- device up to it. src/history/line_origins.ts uses them to find where each
-- line was added.
-- .versionIds[!] Versions up to this one, oldest first.
-- .changes[?] Changes of each of these versions; null if it is not indexed.
-- Internal: a step of configBlame and configDelete.
-- Reads.
select
  blamed.id,
  blamed.device_id,
  blamed.retrieved_at,
  blamed.config_data,
  blamed.raw,
  blamed.packed,
  array(
    select version.id
    from device_configurations as version
    where
      version.device_id = blamed.device_id
      and (version.retrieved_at, version.id)
      <= (blamed.retrieved_at, blamed.id)
    order by version.retrieved_at, version.id
  ) as "version_ids!",
  array(
    select version.changes
    from device_configurations as version
    where
      version.device_id = blamed.device_id
      and (version.retrieved_at, version.id)
      <= (blamed.retrieved_at, blamed.id)
    order by version.retrieved_at, version.id
  ) as "changes!"
from device_configurations as blamed
where blamed.id = :id!;

/* @name ConfigTimeList */
-- Lists when versions were first read, by id.
-- Internal: a step of configBlame.
-- Reads.
select id, retrieved_at
from device_configurations
where id = any(:ids!::bigint[])
order by id;

/* @name ConfigVersionDelete */
-- Deletes a version; configDelete also updates the line index. The latest
-- version cannot be deleted while its device exists: that violates
-- device_states_device_id_configuration_id_fkey.
-- Internal: a step of configDelete.
-- Writes device_configurations.
delete from device_configurations
where id = :id!
returning id, device_id, retrieved_at;
