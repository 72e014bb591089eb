/* @name SettingInsertDefaults */
-- Settings are one JSON value a key, with a version that grows over all keys.
-- Takes a JSON object and stores each key that does not exist yet; tells for
-- each key whether it was inserted.
-- Writes system_settings.
with given as (
  select key, value
  from jsonb_each(:defaults!::jsonb)
),
inserted as (
  insert into system_settings (key, value)
  select key, value
  from given
  order by key
  on conflict (key) do nothing
  returning key
)
select
  key as "key!",
  key in (select key from inserted) as "inserted!"
from given
order by key;

/* @name SettingGet */
-- Reads.
select key, value, description, version, updated_at
from system_settings
where key = :key!;

/* @name SettingGetMany */
-- The settings that exist, by key.
-- Reads.
select key, value, description, version, updated_at
from system_settings
where key = any(:keys!::text[])
order by key;

/* @name SettingList */
-- Settings by key, those that begin with the prefix or all; without a limit
-- all rows. The key is unique, so it alone is the cursor.
-- Reads.
select key, value, description, version, updated_at
from system_settings
where
  starts_with(key, coalesce(:prefix::text, ''))
  and key > coalesce(:afterKey::text, '')
order by key
limit :limit::integer;

/* @name SettingVersionGet */
-- Number of settings and highest version. One of them changes with every
-- write: versions become visible in their order, and a delete lowers the count.
-- Reads.
select
  count(*)::integer as "count!",
  coalesce(max(version), 0) as "version!"
from system_settings;

/* @name SettingUpsert */
-- Writes a setting. With a version it is written only while it still has that
-- version, or, with version 0, only while it does not exist; otherwise no row
-- comes back. A value of null stores the JSON null; a description of null
-- keeps the one there is.
-- Writes system_settings.
with updated as (
  update system_settings
  set
    value = coalesce(:value::jsonb, 'null'),
    description = coalesce(:description, description)
  where
    key = :key!
    and version = :ifVersion::bigint
  returning key, value, description, version, updated_at
),
upserted as (
  insert into system_settings (key, value, description)
  select
    :key!,
    coalesce(:value::jsonb, 'null'),
    :description
  where coalesce(:ifVersion::bigint, 0) = 0
  on conflict (key) do update set
    value = excluded.value,
    description = coalesce(excluded.description, system_settings.description)
  where :ifVersion::bigint is null
  returning key, value, description, version, updated_at
)
select
  key as "key!",
  value as "value!",
  description,
  version as "version!",
  updated_at as "updated_at!"
from (table updated union all table upserted) as written;

/* @name SettingDelete */
-- With a version: only while the setting still has it.
-- Writes system_settings.
delete from system_settings
where
  key = :key!
  and (:ifVersion::bigint is null or version = :ifVersion)
returning key, value, description, version, updated_at;
