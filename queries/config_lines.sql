/* @name ConfigTextList */
-- The index of lines: each line that ever stood in a configuration, once for
-- each time it came in, with the version it came in with.
-- The versions of a device with their texts, oldest first, for its index.
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
-- Puts what the device sent, compressed by gzip, in place of the text.
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
select distinct device_id
from device_configurations
where
  (changes is null or packed is null)
  and device_id > coalesce(:afterDeviceId::integer, 0)
order by device_id
limit :limit!::integer;

/* @name ConfigSearch */
-- Lines that hold a text, in the order of device, version and line: each with
-- the version that it came in with, its number there, since when it stood, and
-- until when; no end where it stands in the latest version. A line that came
-- back is there once more. Letters count by their case.
-- Over all history, or the latest versions, or what stood at some time from
-- since to until; of all devices, some, or those with one of the tags.
with indexed as materialized (
  select
    config_lines.device_id,
    config_lines.configuration_id,
    config_lines.part
  from config_lines
  where
    -- Few devices are looked through as they are, all others by their trigrams.
    case
      when cardinality(:deviceIds::integer[]) <= 20
        then strpos(config_lines.lines, :text!) > 0
      else
        config_lines.lines
        like '%' || regexp_replace(:text!, '([\\%_])', '\\\1', 'g') || '%'
    end
    and (
      :deviceIds::integer[] is null
      or config_lines.device_id = any(:deviceIds)
    )
    and (
      :tagNames::text[] is null
      or config_lines.device_id in (
        select device_tags.device_id
        from device_tags
        join tags on tags.id = device_tags.tag_id
        where tags.name = any(:tagNames)
      )
    )
    and (config_lines.device_id, config_lines.configuration_id)
    >= (
      coalesce(:afterDeviceId::integer, 0),
      coalesce(:afterConfigurationId::bigint, 0)
    )
  order by
    config_lines.device_id,
    config_lines.configuration_id,
    config_lines.part
  -- Each row has such a line, but those of the version where the page before
  -- ended: where no line is left out for its time, a page needs no more rows.
  limit
    case
      when
        :latest::boolean
        or :since::timestamptz is not null
        or :until::timestamptz is not null
        then null
      else
        :limit!::integer + (
          select count(*)
          from config_lines as seen
          where
            seen.device_id = :afterDeviceId
            and seen.configuration_id = :afterConfigurationId
        )
    end
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
  strpos(found.text, :text!) > 0
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

/* @name ConfigWordSearch */
-- The same for lines that hold all of some texts, in any order.
with indexed as materialized (
  select
    config_lines.device_id,
    config_lines.configuration_id,
    config_lines.part
  from config_lines
  where
    -- Few devices are looked through as they are, all others by their trigrams.
    -- The index looks for one pattern: the longest has the most trigrams.
    case
      when cardinality(:deviceIds::integer[]) <= 20 then true
      else
        config_lines.lines like (
          select '%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%'
          from unnest(:words!::text[]) as given (word)
          order by char_length(word) desc
          limit 1
        )
    end
    and exists (
      select
      from string_to_table(config_lines.lines, chr(10)) as lines (line)
      where
        not exists (
          select
          from unnest(:words!::text[]) as given (word)
          where strpos(line, word) = 0
        )
    )
    and (
      :deviceIds::integer[] is null
      or config_lines.device_id = any(:deviceIds)
    )
    and (
      :tagNames::text[] is null
      or config_lines.device_id in (
        select device_tags.device_id
        from device_tags
        join tags on tags.id = device_tags.tag_id
        where tags.name = any(:tagNames)
      )
    )
    and (config_lines.device_id, config_lines.configuration_id)
    >= (
      coalesce(:afterDeviceId::integer, 0),
      coalesce(:afterConfigurationId::bigint, 0)
    )
  order by
    config_lines.device_id,
    config_lines.configuration_id,
    config_lines.part
  -- Each row has such a line, but those of the version where the page before
  -- ended: where no line is left out for its time, a page needs no more rows.
  limit
    case
      when
        :latest::boolean
        or :since::timestamptz is not null
        or :until::timestamptz is not null
        then null
      else
        :limit!::integer + (
          select count(*)
          from config_lines as seen
          where
            seen.device_id = :afterDeviceId
            and seen.configuration_id = :afterConfigurationId
        )
    end
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
  not exists (
    select
    from unnest(:words!::text[]) as given (word)
    where strpos(found.text, word) = 0
  )
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

/* @name ConfigRegexSearch */
-- The same for lines that a regular expression of PostgreSQL matches.
with indexed as materialized (
  select
    config_lines.device_id,
    config_lines.configuration_id,
    config_lines.part
  from config_lines
  where
    -- Few devices are looked through as they are, all others by their trigrams.
    -- With (?n), ^ and $ are the ends of a line, and . is no line feed.
    case
      when cardinality(:deviceIds::integer[]) <= 20 then true
      else config_lines.lines ~ ('(?n)' || :regex!)
    end
    and exists (
      select
      from string_to_table(config_lines.lines, chr(10)) as lines (line)
      where line ~ :regex!
    )
    and (
      :deviceIds::integer[] is null
      or config_lines.device_id = any(:deviceIds)
    )
    and (
      :tagNames::text[] is null
      or config_lines.device_id in (
        select device_tags.device_id
        from device_tags
        join tags on tags.id = device_tags.tag_id
        where tags.name = any(:tagNames)
      )
    )
    and (config_lines.device_id, config_lines.configuration_id)
    >= (
      coalesce(:afterDeviceId::integer, 0),
      coalesce(:afterConfigurationId::bigint, 0)
    )
  order by
    config_lines.device_id,
    config_lines.configuration_id,
    config_lines.part
  -- Each row has such a line, but those of the version where the page before
  -- ended: where no line is left out for its time, a page needs no more rows.
  limit
    case
      when
        :latest::boolean
        or :since::timestamptz is not null
        or :until::timestamptz is not null
        then null
      else
        :limit!::integer + (
          select count(*)
          from config_lines as seen
          where
            seen.device_id = :afterDeviceId
            and seen.configuration_id = :afterConfigurationId
        )
    end
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
  found.text ~ :regex!
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
select '' ~ :pattern! as "matches!";
