/* @name ConfigTextList */
-- The index of lines: each line that ever stood in a configuration, once for
-- each time it came in, with the version it came in with.
-- The versions of a device with their texts, oldest first, for its index.
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
-- Forgets the index of a device. Only for a transaction that holds
-- DeviceStateLock and makes it anew.
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
-- Adds a version to the index; the arrays go together by position. The versions
-- of a device come oldest first.
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
-- Adds lines that came in with a version that is in the index already: what is
-- too much for one statement comes in several.
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
-- The versions of a device that are not packed yet, oldest first.
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
-- Puts what the device sent, compressed by Brotli, in place of the text.
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
-- Devices with a version that is not indexed or not packed, by id.
-- Reads.
select distinct device_id
from device_configurations
where
  (changes is null or packed is null)
  and device_id > coalesce(:afterDeviceId::integer, 0)
order by device_id
limit :limit!::integer;

/* @name ConfigSearch */
-- Lines that hold all of some texts and match a regular expression, or either,
-- in the order of device, version and line: each with the version that it came
-- in with, its number there, since when it stood, and until when; no end where
-- it stands in the latest version. A line that came back is there once more.
-- Letters count by their case.
-- Over all history, or the latest versions, or what stood at some time from
-- since to until; of all devices, some, or those with one of the tags.
-- Reads.
with given as (
  select
    coalesce(array_agg(pattern), '{}') as patterns,
    -- The index looks for one text: the longest has the most trigrams.
    coalesce(
      (array_agg(pattern order by char_length(pattern) desc))[1],
      '%'
    ) as longest,
    coalesce(:regex::text, '') as regex,
    count(*) = 1 and :regex::text is null as is_one_text,
    -- Where no line is left out for its time, every row that is found has one,
    -- but those of the version where the page before ended.
    case
      when
        :latest::boolean is not true
        and :since::timestamptz is null
        and :until::timestamptz is null
        then
          :limit!::integer + (
            select count(*)
            from config_lines
            where
              device_id = :afterDeviceId
              and configuration_id = :afterConfigurationId
          )
    end as most_rows
  from (
    select
      '%' || regexp_replace(text, '([\\%_])', '\\\1', 'g') || '%' as pattern
    from unnest(:texts::text[]) as word (text)
  ) as word
),
-- A page of what is on many lines, and the lines of few devices, are soon found
-- in the order of the key: all others by their trigrams.
first_devices as materialized (
  select id
  from devices
  where
    (:limit <= 1000 or cardinality(:deviceIds::integer[]) <= 20)
    and id >= coalesce(:afterDeviceId::integer, 0)
    and (:deviceIds::integer[] is null or id = any(:deviceIds))
    and (
      :tagNames::text[] is null
      or id in (
        select device_tags.device_id
        from device_tags
        join tags on tags.id = device_tags.tag_id
        where tags.name = any(:tagNames)
      )
    )
  order by id
  limit 21
),
first_rows as materialized (
  select
    config_lines.device_id,
    config_lines.configuration_id,
    config_lines.part,
    config_lines.lines,
    sum(octet_length(config_lines.lines)) over (
      order by
        config_lines.device_id,
        config_lines.configuration_id,
        config_lines.part
    ) as octets
  from (select id from first_devices limit 20) as device
  join config_lines on config_lines.device_id = device.id
  where
    (config_lines.device_id, config_lines.configuration_id)
    >= (
      coalesce(:afterDeviceId::integer, 0),
      coalesce(:afterConfigurationId::bigint, 0)
    )
),
walked as materialized (
  select
    device_id,
    configuration_id,
    part,
    (
      select count(*)
      from string_to_table(lines, chr(10)) as split (line)
      where
        line like all ((select patterns from given)::text[])
        and line ~ (select regex from given)
    ) as found
  from first_rows
  where
    octets <= 1000000
    and lines like (select longest from given)
    -- With (?n), ^ and $ are the ends of a line, and . is no line feed.
    and lines ~ (select '(?n)' || regex from given)
),
walk as materialized (
  select
    (
      (select count(*) between 1 and 20 from first_devices)
      and (select coalesce(max(octets), 0) <= 1000000 from first_rows)
    )
    or coalesce(
      (select most_rows is not null from given)
      and (
        select sum(found) >= :limit
        from walked
        where
          (device_id, configuration_id)
          > (
            coalesce(:afterDeviceId::integer, 0),
            coalesce(:afterConfigurationId::bigint, 0)
          )
      ),
      false
    ) as was_enough
),
indexed as materialized (
  select
    device_id,
    configuration_id,
    part
  from walked
  where
    (select was_enough from walk)
    and found > 0
  union all
  select
    device_id,
    configuration_id,
    part
  from config_lines
  where
    not (select was_enough from walk)
    and lines like (select longest from given)
    and lines ~ (select '(?n)' || regex from given)
    and (
      (select is_one_text from given)
      or exists (
        select
        from string_to_table(lines, chr(10)) as split (line)
        where
          line like all ((select patterns from given)::text[])
          and line ~ (select regex from given)
      )
    )
    and (:deviceIds::integer[] is null or device_id = any(:deviceIds))
    and (
      :tagNames::text[] is null
      or device_id in (
        select device_tags.device_id
        from device_tags
        join tags on tags.id = device_tags.tag_id
        where tags.name = any(:tagNames)
      )
    )
    and (device_id, configuration_id)
    >= (
      coalesce(:afterDeviceId::integer, 0),
      coalesce(:afterConfigurationId::bigint, 0)
    )
  order by
    device_id,
    configuration_id,
    part
  limit (select most_rows from given)
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
  found.text like all ((select patterns from given)::text[])
  and found.text ~ (select regex from given)
  and (found.device_id, found.configuration_id, found.line)
  > (
    coalesce(:afterDeviceId::integer, 0),
    coalesce(:afterConfigurationId::bigint, 0),
    coalesce(:afterLine::integer, 0)
  )
  and (:latest::boolean is not true or found.until is null)
  and (:until::timestamptz is null or found.since < :until)
  and (
    :since::timestamptz is null
    or found.until is null
    or found.until > :since
  )
order by found.device_id, found.configuration_id, found.line
limit :limit!::integer;

/* @name ConfigAbsentSearch */
-- Devices whose latest configuration has no line that holds the text, by
-- hostname: of all, or of those with one of the tags. Devices without a
-- configuration are not among them.
-- Reads.
with indexed as materialized (
  select
    device_id,
    configuration_id,
    part
  from config_lines
  where
    lines
    like '%' || regexp_replace(:text!, '([\\%_])', '\\\1', 'g') || '%'
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
    or devices.id in (
      select device_tags.device_id
      from device_tags
      join tags on tags.id = device_tags.tag_id
      where tags.name = any(:tagNames)
    )
  )
  and (devices.hostname, devices.id)
  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
order by devices.hostname, devices.id
limit :limit!::integer;

/* @name ConfigLineList */
-- For one whole line, the devices that it ever stood on, by device: when it
-- first came in, when it was last seen to be gone, or null where it stands, and
-- how often it came in.
-- Reads.
with indexed as materialized (
  select
    device_id,
    configuration_id,
    part
  from config_lines
  where
    lines
    like '%' || regexp_replace(:line!, '([\\%_])', '\\\1', 'g') || '%'
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
-- Whether a text is a regular expression of PostgreSQL: if not, this fails with
-- SQLSTATE 2201B.
-- Reads.
select '' ~ :pattern! as "matches!";
