/* @name ConfigVerify */
-- Configurations are versions: a row is written when a device's text changes.
-- Notes that a device was read just now and sent its latest text again. Returns
-- the id of that version; no row if the text is another one.
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
-- Notes of devices that they were read just now and sent their latest text
-- again; the arrays go together by position, a device stands there once.
-- Returns each device that exists with its type, and the id of its latest
-- version where it is that text.
-- Writes device_states.
with given as (
  select device_id, content_hash
  from unnest(:deviceIds!::integer[], :contentHashes!::bytea[])
    as given (device_id, content_hash)
),
-- In one order, so that two who verify the same devices wait, and no more.
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
-- What must be known of devices before their next version is stored; the arrays
-- go together by position. Only for a transaction that holds their states.
-- Tells of the latest version its text, and what each version changed; of what
-- came whether its last line is an end, and how often the same text came back
-- within the seconds.
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
-- Devices whose text after differs from that before in nothing but lines that
-- the pattern of noise matches; the arrays go together by position.
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
-- Stores new latest versions with their index; the arrays go together by
-- position, a device stands there once. Sets for good when the versions before
-- them were last verified, and moves the states on to the new ones. What was in
-- quarantine with the same text is there no more. Only for a transaction that
-- holds the states and found another hash there.
-- The time is now, or that of the version before if that is later: the
-- transaction may have begun before the other one committed. For an import it
-- may be given; versions come oldest first then, and no row comes back for one
-- that is older than the latest.
-- Writes device_configurations, device_states, config_quarantine, config_lines,
-- config_line_ends.
with given as (
  select *
  from
    unnest(
      :deviceIds!::integer[],
      :ids!::bigint[],
      :packed!::bytea[],
      :sizes!::integer[],
      :contentHashes!::bytea[],
      :metadatas!::jsonb[],
      :retrievedAts!::timestamptz[],
      :verifiedAts!::timestamptz[],
      :verifiedCounts!::integer[],
      :changes!::bytea[],
      :added!::integer[],
      :removed!::integer[]
    ) as given (
      device_id,
      id,
      packed,
      size,
      content_hash,
      metadata,
      retrieved_at,
      verified_at,
      verified_count,
      changes,
      added,
      removed
    )
),
latest as (
  select
    device_states.device_id,
    device_states.configuration_id,
    device_states.verified_at,
    device_states.verified_count,
    coalesce(
      given.retrieved_at,
      greatest(
        device_states.retrieved_at,
        date_trunc('milliseconds', now())
      )
    ) as next_at
  from device_states
  join given on given.device_id = device_states.device_id
  where
    given.retrieved_at is null
    or device_states.retrieved_at is null
    or device_states.retrieved_at <= given.retrieved_at
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
    id,
    device_id,
    packed,
    size,
    content_hash,
    metadata,
    retrieved_at,
    verified_at,
    previous_id,
    added,
    removed,
    changes
  )
  overriding system value
  select
    coalesce(given.id, nextval('device_configurations_id_seq')),
    latest.device_id,
    given.packed,
    given.size,
    given.content_hash,
    coalesce(given.metadata, '{}'),
    latest.next_at,
    coalesce(given.verified_at, latest.next_at),
    latest.configuration_id,
    given.added,
    given.removed,
    given.changes
  from latest
  join given on given.device_id = latest.device_id
  -- Only after the version before has ended: they must not overlap.
  left join superseded on superseded.device_id = latest.device_id
  returning
    id, device_id, content_hash, retrieved_at, verified_at, previous_id
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
  join given on given.device_id = inserted.device_id
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
  insert into config_lines
    (device_id, configuration_id, part, numbers, lines)
  select
    inserted.device_id,
    inserted.id,
    come.part,
    come.numbers::int4multirange,
    come.lines
  from
    unnest(
      :partDeviceIds!::integer[],
      :partNumbers!::integer[],
      :lineNumbers!::text[],
      :lineTexts!::text[]
    ) as come (device_id, part, numbers, lines)
    join inserted on inserted.device_id = come.device_id
),
ended as (
  insert into config_line_ends
    (device_id, configuration_id, ended_by, numbers)
  select
    inserted.device_id,
    gone.id,
    inserted.id,
    gone.numbers::int4multirange
  from
    unnest(
      :endDeviceIds!::integer[],
      :endIds!::bigint[],
      :endNumbers!::text[]
    ) as gone (device_id, id, numbers)
    join inserted on inserted.device_id = gone.device_id
)
select
  id,
  device_id,
  retrieved_at,
  previous_id
from inserted;

/* @name ConfigGet */
-- One version with its text.
-- Reads.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  coalesce(
    device_states.verified_at,
    device_configurations.verified_at
  ) as "verified_at!",
  coalesce(
    device_states.verified_count,
    device_configurations.verified_count
  ) as "verified_count!",
  device_configurations.valid_until,
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.previous_id,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.config_data,
  device_configurations.raw,
  device_configurations.packed
from device_configurations
left join device_states
  on device_states.device_id = device_configurations.device_id
  and device_states.configuration_id = device_configurations.id
where device_configurations.id = :id!;

/* @name ConfigPairGet */
-- Two versions with their texts, in the order asked for.
-- Reads.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  coalesce(
    device_states.verified_at,
    device_configurations.verified_at
  ) as "verified_at!",
  coalesce(
    device_states.verified_count,
    device_configurations.verified_count
  ) as "verified_count!",
  device_configurations.valid_until,
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.previous_id,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.config_data,
  device_configurations.raw,
  device_configurations.packed
from unnest(array[:idA!::bigint, :idB!::bigint])
  with ordinality as wanted (id, place)
join device_configurations on device_configurations.id = wanted.id
left join device_states
  on device_states.device_id = device_configurations.device_id
  and device_states.configuration_id = device_configurations.id
order by wanted.place;

/* @name ConfigLatestGet */
-- The latest version of a device, with its text.
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
  device_configurations.config_data,
  device_configurations.raw,
  device_configurations.packed
from device_states
join device_configurations
  on device_configurations.id = device_states.configuration_id
where device_states.device_id = :deviceId!;

/* @name ConfigAsOfGet */
-- The version of a device that was valid at a time, with its text; no row if
-- its first one is later.
-- Reads.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  coalesce(
    device_states.verified_at,
    device_configurations.verified_at
  ) as "verified_at!",
  coalesce(
    device_states.verified_count,
    device_configurations.verified_count
  ) as "verified_count!",
  device_configurations.valid_until,
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.previous_id,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.config_data,
  device_configurations.raw,
  device_configurations.packed
from device_configurations
left join device_states
  on device_states.device_id = device_configurations.device_id
  and device_states.configuration_id = device_configurations.id
where
  device_configurations.device_id = :deviceId!
  and device_configurations.retrieved_at <= :at!
order by
  device_configurations.retrieved_at desc,
  device_configurations.id desc
limit 1;

/* @name ConfigAsOfList */
-- What was valid at a time over the fleet, by device, without the texts; size in
-- bytes: of all devices, or of those with one of the tags. A version whose
-- valid_until is before that time is the last known of a time whose versions
-- were pruned.
-- Reads.
select
  version.id,
  version.device_id,
  devices.hostname,
  version.retrieved_at,
  case
    when version.id = device_states.configuration_id
      then device_states.verified_at
    else version.verified_at
  end as "verified_at!",
  version.valid_until,
  version.content_hash,
  version.metadata,
  version.previous_id,
  version.added,
  version.removed,
  version.size
from device_states
join devices on devices.id = device_states.device_id
cross join lateral (
  select
    id,
    device_id,
    retrieved_at,
    verified_at,
    valid_until,
    content_hash,
    metadata,
    previous_id,
    added,
    removed,
    size
  from device_configurations
  where
    device_configurations.device_id = device_states.device_id
    and device_configurations.retrieved_at <= :at!
  order by
    device_configurations.retrieved_at desc,
    device_configurations.id desc
  limit 1
) as version
where
  device_states.device_id > coalesce(:afterDeviceId::integer, 0)
  and (
    :tagNames::text[] is null
    or device_states.device_id in (
      select device_tags.device_id
      from device_tags
      join tags on tags.id = device_tags.tag_id
      where tags.name = any(:tagNames)
    )
  )
order by device_states.device_id
limit :limit!::integer;

/* @name ConfigLatestList */
-- The latest versions of the devices without their text, by device; size in
-- bytes. Without device ids: of all.
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
-- The versions of a device without their text, newest first; size in bytes.
-- Reads.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  coalesce(
    device_states.verified_at,
    device_configurations.verified_at
  ) as "verified_at!",
  coalesce(
    device_states.verified_count,
    device_configurations.verified_count
  ) as "verified_count!",
  device_configurations.valid_until,
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.previous_id,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.size
from device_configurations
left join device_states
  on device_states.device_id = device_configurations.device_id
  and device_states.configuration_id = device_configurations.id
where
  device_configurations.device_id = :deviceId!
  and (device_configurations.retrieved_at, device_configurations.id)
  < (
    coalesce(:afterRetrievedAt::timestamptz, 'infinity'),
    coalesce(:afterId::bigint, 9223372036854775807)
  )
order by
  device_configurations.retrieved_at desc,
  device_configurations.id desc
limit :limit!::integer;

/* @name ConfigPreviousGet */
-- The version before one, without its text; no row for the first.
-- Reads.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  coalesce(
    device_states.verified_at,
    device_configurations.verified_at
  ) as "verified_at!",
  coalesce(
    device_states.verified_count,
    device_configurations.verified_count
  ) as "verified_count!",
  device_configurations.valid_until,
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.previous_id,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.size
from device_configurations
left join device_states
  on device_states.device_id = device_configurations.device_id
  and device_states.configuration_id = device_configurations.id
join device_configurations as given
  on given.device_id = device_configurations.device_id
where
  given.id = :id!
  and (device_configurations.retrieved_at, device_configurations.id)
  < (given.retrieved_at, given.id)
order by
  device_configurations.retrieved_at desc,
  device_configurations.id desc
limit 1;

/* @name ConfigNextGet */
-- The version after one, without its text; no row for the latest.
-- Reads.
select
  device_configurations.id,
  device_configurations.device_id,
  device_configurations.retrieved_at,
  coalesce(
    device_states.verified_at,
    device_configurations.verified_at
  ) as "verified_at!",
  coalesce(
    device_states.verified_count,
    device_configurations.verified_count
  ) as "verified_count!",
  device_configurations.valid_until,
  device_configurations.content_hash,
  device_configurations.metadata,
  device_configurations.previous_id,
  device_configurations.added,
  device_configurations.removed,
  device_configurations.size
from device_configurations
left join device_states
  on device_states.device_id = device_configurations.device_id
  and device_states.configuration_id = device_configurations.id
join device_configurations as given
  on given.device_id = device_configurations.device_id
where
  given.id = :id!
  and (device_configurations.retrieved_at, device_configurations.id)
  > (given.retrieved_at, given.id)
order by
  device_configurations.retrieved_at,
  device_configurations.id
limit 1;

/* @name ConfigBlameGet */
-- A version with its text, and the versions of its device up to it, oldest
-- first, with what each changed: src/history/line_origins.ts finds in it where lines came in.
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
-- When versions were first read, by id.
-- Reads.
select id, retrieved_at
from device_configurations
where id = any(:ids!::bigint[])
order by id;

/* @name ConfigVersionDelete */
-- Deletes a version; configDelete mends the index of lines as well. The latest
-- one stays while its device does: to delete it breaks
-- device_states_device_id_configuration_id_fkey.
-- Writes device_configurations.
delete from device_configurations
where id = :id!
returning id, device_id, retrieved_at;
