-- Settings are JSON values by key. Versions increase across all keys.

/* @name SettingInsertDefaults */
-- Stores each key of a JSON object that does not exist yet. Returns for each
-- key whether it was inserted.
-- :defaults Object with a value for each key.
-- .inserted False: the key existed and was not changed.
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
-- Returns Setting.
-- Reads.
select key, value, description, version, updated_at
from system_settings
where key = :key!;

/* @name SettingGetMany */
-- Lists the settings that exist, by key.
-- Returns Setting.
-- Internal: a step of db.settings.
-- Reads.
select key, value, description, version, updated_at
from system_settings
where key = any(:keys!::text[])
order by key;

/* @name SettingList */
-- Lists settings by key. The key is unique, so it alone is the cursor.
-- :prefix Only keys that begin with this text.
-- :afterKey The key of the last row of the previous page.
-- :limit Maximum rows to return. Defaults to all.
-- Returns Setting.
-- Reads.
select key, value, description, version, updated_at
from system_settings
where
  starts_with(key, coalesce(:prefix::text, ''))
  and key > coalesce(:afterKey::text, '')
order by key
limit :limit::integer;

/* @name SettingVersionGet */
-- Returns the number of settings and the highest version. Every write changes
-- one of the two: versions become visible in their order, and a delete lowers
-- the number.
-- Internal: a step of db.settings.
-- Reads.
select
  count(*)::integer as "count!",
  coalesce(max(version), 0) as "version!"
from system_settings;

/* @name SettingUpsert */
-- Writes a setting. Returns no row if the setting does not have version
-- ifVersion. A null value stores the JSON null.
-- :ifVersion Writes only over this version; 0: only if the setting does not
--   exist. Defaults to any.
-- :description Defaults to the current description.
-- Returns Setting.
-- Internal: a step of db.settings.set.
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
-- Deletes a setting.
-- :ifVersion Deletes only this version. Defaults to any.
-- Returns Setting.
-- Internal: a step of db.settings.delete.
-- Writes system_settings.
delete from system_settings
where
  key = :key!
  and (:ifVersion::bigint is null or version = :ifVersion)
returning key, value, description, version, updated_at;
