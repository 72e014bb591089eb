-- The line index: every line of every configuration, once for each time that it
-- was added, with the version that added it.

/* @name ConfigTextList */
-- Lists the versions of a device with their texts, oldest first, to index them.
-- :afterId The id of the last row of the previous page.
-- :afterRetrievedAt The retrievedAt of the last row of the previous page.
-- :limit Maximum rows to return.
-- Internal: a step of configDelete, configPrune, configBlame and make reindex.
-- Reads.
select
  id,
  retrieved_at,
  config_data,
  raw,
  packed
from device_configurations
where
  device_id = :deviceId!
  and (retrieved_at, id)
  > (
    coalesce(:afterRetrievedAt::timestamptz, '-infinity'),
    coalesce(:afterId::bigint, 0)
  )
order by retrieved_at, id
limit :limit!::integer;

/* @name ConfigIndexClear */
-- Clears the line index of a device. Only for a transaction that holds
-- DeviceStateLock and rebuilds the index.
-- Internal: a step of configDelete, configPrune, configBlame and make reindex.
-- Writes config_line_ends, config_lines, device_configurations.
with ended as (
  delete from config_line_ends
  where device_id = :deviceId!
),
begun as (
  delete from config_lines
  where device_id = :deviceId!
)
update device_configurations
set
  changes = null,
  previous_id = null,
  added = null,
  removed = null
where
  device_id = :deviceId!
  and changes is not null;

/* @name ConfigIndexWrite */
-- Adds a version to the line index. Arrays are matched by position. The
-- versions of a device must be added oldest first.
-- Internal: a step of configDelete, configPrune, configBlame and make reindex.
-- Writes device_configurations, config_lines, config_line_ends.
with written as (
  update device_configurations
  set
    changes = :changes!,
    previous_id = :previousId,
    added = :added!,
    removed = :removed!
  where id = :id!
  returning id, device_id
),
begun as (
  insert into config_lines
    (device_id, configuration_id, part, numbers, lines)
  select
    written.device_id,
    written.id,
    come.part,
    come.numbers::int4multirange,
    come.lines
  from written
  cross join unnest(
    :partNumbers!::integer[],
    :lineNumbers!::text[],
    :lineTexts!::text[]
  ) as come (part, numbers, lines)
)
insert into config_line_ends
  (device_id, configuration_id, ended_by, numbers)
select
  written.device_id,
  gone.id,
  written.id,
  gone.numbers::int4multirange
from written
cross join unnest(:endIds!::bigint[], :endNumbers!::text[])
  as gone (id, numbers);

/* @name ConfigLineInsert */
-- Adds more lines of a version that is already in the line index. A version
-- with too many lines for one statement needs several.
-- Internal: a step of configSave and make reindex.
-- Writes config_lines.
insert into config_lines
  (device_id, configuration_id, part, numbers, lines)
select
  :deviceId!,
  :id!,
  come.part,
  come.numbers::int4multirange,
  come.lines
from unnest(
  :partNumbers!::integer[],
  :lineNumbers!::text[],
  :lineTexts!::text[]
) as come (part, numbers, lines);

/* @name ConfigUnpackedList */
-- Lists the versions of a device that are not compressed yet, oldest first.
-- :afterId The id of the last row of the previous page.
-- :limit Maximum rows to return.
-- Internal: a step of make reindex.
-- Reads.
select
  id,
  config_data,
  raw
from device_configurations
where
  device_id = :deviceId!
  and packed is null
  and id > coalesce(:afterId::bigint, 0)
order by id
limit :limit!::integer;

/* @name ConfigPack */
-- Replaces the text of a version with the bytes from the device, compressed by
-- Brotli.
-- Internal: a step of make reindex.
-- Writes device_configurations.
update device_configurations
set
  packed = :packed!,
  config_data = null,
  raw = null
where
  id = :id!
  and packed is null;

/* @name ConfigUnindexedList */
-- Lists devices with a version that is not indexed or not compressed, by id.
-- :afterDeviceId The deviceId of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns DeviceId.
-- Internal: a step of make reindex.
-- Reads.
select distinct device_id
from device_configurations
where
  (changes is null or packed is null)
  and device_id > coalesce(:afterDeviceId::integer, 0)
order by device_id
limit :limit!::integer;

/* @name ConfigSearch */
-- Lists lines that contain all given texts and match a regular expression, by
-- device, version and line, each with the version that added it. Either
-- condition may be omitted. A line that was removed and added again appears
-- once for each time. The search is case-sensitive. It covers the whole
-- history, the latest versions, or a time range.
-- :texts The line contains all of these texts.
-- :regex The line matches this PostgreSQL regular expression.
-- :latest True: only lines that are present in latest versions.
-- :from Only lines that were present at or after this time.
-- :until Only lines that were present before this time.
-- :deviceIds Only these devices.
-- :tagNames Only devices that carry one of these tags.
-- :afterConfigurationId The configurationId of the last row of the previous
--   page.
-- :afterDeviceId The deviceId of the last row of the previous page.
-- :afterLine The line of the last row of the previous page.
-- :limit Maximum rows to return.
-- .line Line number in that version, from 1.
-- .since When the line was added.
-- .until When the line was removed; null if it is still present.
-- Reads.
with indexed as materialized (
  select *
  from config_lines_matching(
    :texts::text[],
    coalesce(:regex::text, ''),
    :deviceIds::integer[],
    :tagNames::text[],
    coalesce(:afterDeviceId::integer, 0),
    coalesce(:afterConfigurationId::bigint, 0),
    :limit!::integer,
    -- True if no line is excluded because of its time.
    :latest::boolean is not true
    and :from::timestamptz is null
    and :until::timestamptz is null
  )
  -- In key order, so that lines need sorting only within a row.
  order by device_id, configuration_id, part
)
select
  found.device_id as "device_id!",
  devices.hostname,
  found.configuration_id as "configuration_id!",
  found.line as "line!",
  found.text as "text!",
  found.since as "since!",
  found.until
from indexed
join config_line_spans as found
  on found.device_id = indexed.device_id
  and found.configuration_id = indexed.configuration_id
  and found.part = indexed.part
join devices on devices.id = found.device_id
where
  found.text like all (
    array(
      select like_pattern(word)
      from unnest(:texts) as words (word)
    )
  )
  and found.text ~ coalesce(:regex, '')
  and (found.device_id, found.configuration_id, found.line)
  > (
    coalesce(:afterDeviceId, 0),
    coalesce(:afterConfigurationId, 0),
    coalesce(:afterLine::integer, 0)
  )
  and (:latest is not true or found.until is null)
  and (:until is null or found.since < :until)
  and (
    :from is null
    or found.until is null
    or found.until > :from
  )
order by found.device_id, found.configuration_id, found.line
limit :limit;

/* @name ConfigAbsentSearch */
-- Lists devices whose latest configuration has no line that contains the text,
-- by hostname. Devices without a configuration are excluded.
-- :text Text that no line contains, case-sensitive.
-- :tagNames Only devices that carry one of these tags.
-- :afterHostname The hostname of the last row of the previous page.
-- :afterId The id of the last row of the previous page.
-- :limit Maximum rows to return.
-- Reads.
with indexed as materialized (
  select
    device_id,
    configuration_id,
    part
  from config_lines
  where
    lines like like_pattern(:text!)
),
having_it as (
  select distinct found.device_id
  from indexed
  join config_line_spans as found
    on found.device_id = indexed.device_id
    and found.configuration_id = indexed.configuration_id
    and found.part = indexed.part
  where
    strpos(found.text, :text!) > 0
    and found.until is null
)
select
  devices.id,
  devices.hostname,
  device_states.configuration_id as "configuration_id!"
from device_states
join devices on devices.id = device_states.device_id
where
  device_states.configuration_id is not null
  and devices.id not in (select device_id from having_it)
  and (
    :tagNames::text[] is null
    or devices.id in (select * from devices_tagged(:tagNames))
  )
  and (devices.hostname, devices.id)
  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
order by devices.hostname, devices.id
limit :limit!::integer;

/* @name ConfigLineList */
-- Lists the devices that ever had a line, by device.
-- :line Complete text of the line.
-- :deviceIds Only these devices.
-- :afterDeviceId The deviceId of the last row of the previous page.
-- :limit Maximum rows to return.
-- .firstStoodAt When the line was first added.
-- .lastStoodAt When the line was last removed; null if it is still present.
-- .times How often the line was added.
-- Reads.
with indexed as materialized (
  select
    device_id,
    configuration_id,
    part
  from config_lines
  where
    lines like like_pattern(:line!)
    and (:deviceIds::integer[] is null or device_id = any(:deviceIds))
    and device_id > coalesce(:afterDeviceId::integer, 0)
)
select
  devices.id as device_id,
  devices.hostname,
  min(found.since) as "first_stood_at!",
  nullif(max(coalesce(found.until, 'infinity')), 'infinity')
    as "last_stood_at?",
  count(*)::integer as "times!"
from indexed
join config_line_spans as found
  on found.device_id = indexed.device_id
  and found.configuration_id = indexed.configuration_id
  and found.part = indexed.part
join devices on devices.id = found.device_id
where found.text = :line!
group by devices.id
order by devices.id
limit :limit!::integer;

/* @name ConfigPatternCheck */
-- Checks that a text is a PostgreSQL regular expression. Fails with SQLSTATE
-- 2201B if it is not.
-- Internal: a step of configSave.
-- Reads.
select '' ~ :pattern! as "matches!";
