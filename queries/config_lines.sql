/* @name ConfigTextList */
-- The index of lines: each line that ever stood in a configuration, once for
-- each time it came in, with the version it came in with.
-- The versions of a device with their texts, oldest first, for its index.
select
  id,
  retrieved_at,
  config_data
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
-- Forgets the index of a device. Only for a transaction that holds
-- DeviceStateLock and makes it anew.
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
  blame = null,
  previous_id = null,
  added = null,
  removed = null
where
  device_id = :deviceId!
  and blame is not null;

/* @name ConfigIndexWrite */
-- Adds a version to the index; the arrays go together by position. The versions
-- of a device come oldest first.
with written as (
  update device_configurations
  set
    blame = :blame!,
    previous_id = :previousId,
    added = :added!,
    removed = :removed!
  where id = :id!
  returning id, device_id
),
begun as (
  insert into config_lines (device_id, configuration_id, line, lines)
  select
    written.device_id,
    written.id,
    given.line,
    given.lines
  from written
  cross join unnest(:lineNumbers!::integer[], :lineTexts!::text[])
    as given (line, lines)
)
insert into config_line_ends
  (device_id, configuration_id, line, lines, ended_by)
select
  written.device_id,
  given.id,
  given.line,
  given.lines,
  written.id
from written
cross join unnest(
  :endIds!::bigint[],
  :endNumbers!::integer[],
  :endCounts!::integer[]
) as given (id, line, lines);

/* @name ConfigLineInsert */
-- Adds lines that came in with a version that is in the index already: what is
-- too much for one statement comes in several.
insert into config_lines (device_id, configuration_id, line, lines)
select
  :deviceId!,
  :id!,
  given.line,
  given.lines
from unnest(:lineNumbers!::integer[], :lineTexts!::text[])
  as given (line, lines);

/* @name ConfigUnindexedList */
-- Devices with a version that is not indexed, by id.
select distinct device_id
from device_configurations
where
  blame is null
  and device_id > coalesce(:afterDeviceId::integer, 0)
order by device_id
limit :limit!::integer;

/* @name ConfigSearch */
-- Lines that hold a text, over all history, in the order of device, version and
-- line: each with the version that it came in with, its number there, since
-- when it stood, and until when; no end where it stands in the latest version.
-- A line that came back is there once more. Letters count by their case.
with found as (
  select
    config_lines.device_id,
    config_lines.configuration_id,
    config_lines.line + split.place::integer - 1 as line,
    split.line_text
  from config_lines
  cross join lateral string_to_table(config_lines.lines, chr(10))
    with ordinality as split (line_text, place)
  where
    config_lines.lines
    like '%' || regexp_replace(:text!, '([\\%_])', '\\\1', 'g') || '%'
    and strpos(split.line_text, :text!) > 0
    and (
      :deviceIds::integer[] is null
      or config_lines.device_id = any(:deviceIds)
    )
)
select
  found.device_id as "device_id!",
  devices.hostname,
  found.configuration_id as "configuration_id!",
  found.line as "line!",
  found.line_text as "text!",
  device_configurations.retrieved_at as "since!",
  ending.retrieved_at as "until?"
from found
join devices on devices.id = found.device_id
join device_configurations
  on device_configurations.id = found.configuration_id
left join config_line_ends
  on config_line_ends.device_id = found.device_id
  and config_line_ends.configuration_id = found.configuration_id
  and config_line_ends.line <= found.line
  and config_line_ends.line + config_line_ends.lines > found.line
left join device_configurations as ending
  on ending.id = config_line_ends.ended_by
where
  (found.device_id, found.configuration_id, found.line)
  > (
    coalesce(:afterDeviceId::integer, 0),
    coalesce(:afterConfigurationId::bigint, 0),
    coalesce(:afterLine::integer, 0)
  )
  and (:latest::boolean is not true or config_line_ends.ended_by is null)
order by found.device_id, found.configuration_id, found.line
limit :limit!::integer;

/* @name ConfigRegexSearch */
-- The same for lines that a regular expression of PostgreSQL matches.
with found as (
  select
    config_lines.device_id,
    config_lines.configuration_id,
    config_lines.line + split.place::integer - 1 as line,
    split.line_text
  from config_lines
  cross join lateral string_to_table(config_lines.lines, chr(10))
    with ordinality as split (line_text, place)
  where
    -- With (?n), ^ and $ are the ends of a line, and . is no line feed.
    config_lines.lines ~ ('(?n)' || :regex!)
    and split.line_text ~ :regex!
    and (
      :deviceIds::integer[] is null
      or config_lines.device_id = any(:deviceIds)
    )
)
select
  found.device_id as "device_id!",
  devices.hostname,
  found.configuration_id as "configuration_id!",
  found.line as "line!",
  found.line_text as "text!",
  device_configurations.retrieved_at as "since!",
  ending.retrieved_at as "until?"
from found
join devices on devices.id = found.device_id
join device_configurations
  on device_configurations.id = found.configuration_id
left join config_line_ends
  on config_line_ends.device_id = found.device_id
  and config_line_ends.configuration_id = found.configuration_id
  and config_line_ends.line <= found.line
  and config_line_ends.line + config_line_ends.lines > found.line
left join device_configurations as ending
  on ending.id = config_line_ends.ended_by
where
  (found.device_id, found.configuration_id, found.line)
  > (
    coalesce(:afterDeviceId::integer, 0),
    coalesce(:afterConfigurationId::bigint, 0),
    coalesce(:afterLine::integer, 0)
  )
  and (:latest::boolean is not true or config_line_ends.ended_by is null)
order by found.device_id, found.configuration_id, found.line
limit :limit!::integer;

/* @name ConfigAbsentSearch */
-- Devices whose latest configuration has no line that holds the text, by
-- hostname. Devices without a configuration are not among them.
with having_it as (
  select distinct config_lines.device_id
  from config_lines
  cross join lateral string_to_table(config_lines.lines, chr(10))
    with ordinality as split (line_text, place)
  left join config_line_ends
    on config_line_ends.device_id = config_lines.device_id
    and config_line_ends.configuration_id = config_lines.configuration_id
    and config_line_ends.line <= config_lines.line + split.place - 1
    and config_line_ends.line + config_line_ends.lines
    > config_lines.line + split.place - 1
  where
    config_lines.lines
    like '%' || regexp_replace(:text!, '([\\%_])', '\\\1', 'g') || '%'
    and strpos(split.line_text, :text!) > 0
    and config_line_ends.ended_by is null
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
  and (devices.hostname, devices.id)
  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
order by devices.hostname, devices.id
limit :limit!::integer;

/* @name ConfigPatternCheck */
-- Whether a text is a regular expression of PostgreSQL: if not, this fails with
-- SQLSTATE 2201B.
select '' ~ :pattern! as "matches!";
