-- The quarantine holds configurations that may be incomplete.

/* @name ConfigQuarantineInsert */
-- Adds configurations to the quarantine, or records that they were read again.
-- Arrays are matched by position. Device states do not change: the previous
-- version stays the latest.
-- :raws[?] Bytes from the device; null if they are the text in UTF-8.
-- :metadatas[?] Empty if null.
-- :reasons Reasons for each text, separated by commas.
-- :retrievedAts[?] Now if null.
-- Internal: a step of configSave.
-- Writes config_quarantine.
insert into config_quarantine (
  device_id,
  config_data,
  raw,
  content_hash,
  reasons,
  metadata,
  retrieved_at,
  verified_at
)
select
  given.device_id,
  given.config_data,
  given.raw,
  given.content_hash,
  -- PostgreSQL has no arrays of arrays of different lengths.
  string_to_array(given.reasons, ','),
  coalesce(given.metadata, '{}'),
  given.read_at,
  given.read_at
from (
  select
    device_id,
    config_data,
    raw,
    content_hash,
    reasons,
    metadata,
    coalesce(retrieved_at, date_trunc('milliseconds', now())) as read_at
  from
    unnest(
      :deviceIds!::integer[],
      :configDatas!::text[],
      :raws!::bytea[],
      :contentHashes!::bytea[],
      :reasons!::text[],
      :metadatas!::jsonb[],
      :retrievedAts!::timestamptz[]
    ) as given (
      device_id,
      config_data,
      raw,
      content_hash,
      reasons,
      metadata,
      retrieved_at
    )
) as given
on conflict (device_id, content_hash) do update set
  reasons = excluded.reasons,
  verified_at = greatest(config_quarantine.verified_at, excluded.verified_at),
  verified_count = config_quarantine.verified_count + 1
returning id, device_id;

/* @name ConfigQuarantineGet */
-- Returns a quarantined configuration with its text.
-- .reasons[!]
-- Returns QuarantinedConfig.
-- Reads.
select
  config_quarantine.id,
  config_quarantine.device_id,
  config_quarantine.reasons,
  config_quarantine.retrieved_at,
  config_quarantine.verified_at,
  config_quarantine.verified_count,
  config_quarantine.content_hash,
  config_quarantine.metadata,
  device_states.configuration_id as "latest_id?",
  config_quarantine.config_data,
  config_quarantine.raw
from config_quarantine
left join device_states
  on device_states.device_id = config_quarantine.device_id
where config_quarantine.id = :id!;

/* @name ConfigQuarantineList */
-- Lists quarantined configurations without their texts, oldest first.
-- :deviceIds Only these devices.
-- :afterId The id of the last row of the previous page.
-- :afterRetrievedAt The retrievedAt of the last row of the previous page.
-- :limit Maximum rows to return.
-- .reasons[!]
-- .size Size of the text in bytes.
-- .latestSize Size of the latest version in bytes.
-- Reads.
select
  config_quarantine.id,
  config_quarantine.device_id,
  devices.hostname,
  config_quarantine.reasons,
  config_quarantine.retrieved_at,
  config_quarantine.verified_at,
  config_quarantine.verified_count,
  config_quarantine.content_hash,
  config_quarantine.metadata,
  coalesce(
    octet_length(config_quarantine.raw),
    octet_length(config_quarantine.config_data)
  ) as "size!",
  device_states.configuration_id as "latest_id?",
  latest.size as "latest_size?"
from config_quarantine
join devices on devices.id = config_quarantine.device_id
left join device_states
  on device_states.device_id = config_quarantine.device_id
left join device_configurations as latest
  on latest.id = device_states.configuration_id
where
  (
    :deviceIds::integer[] is null
    or config_quarantine.device_id = any(:deviceIds)
  )
  and (config_quarantine.retrieved_at, config_quarantine.id)
  > (
    coalesce(:afterRetrievedAt::timestamptz, '-infinity'),
    coalesce(:afterId::bigint, 0)
  )
order by config_quarantine.retrieved_at, config_quarantine.id
limit :limit!::integer;

/* @name ConfigQuarantineDrop */
-- Discards a quarantined configuration permanently.
-- .reasons[!]
-- Writes config_quarantine.
delete from config_quarantine
where id = :id!
returning
  id,
  device_id,
  reasons,
  retrieved_at,
  verified_at,
  verified_count,
  content_hash,
  metadata;
