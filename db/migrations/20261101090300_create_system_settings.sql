-- migrate:up

create sequence system_settings_version_seq as bigint;

comment on sequence system_settings_version_seq is
  'Versions of all settings together; never the same one twice.';

create table system_settings (
  id integer generated always as identity primary key,
  key text collate "C" not null unique,
  value jsonb not null,
  description text,
  version bigint not null,
  updated_at timestamptz(3) not null,
  -- The key travels in a notification, which ends at 8,000 bytes.
  constraint key_has_1_to_255_characters
    check (char_length(key) between 1 and 255)
);

alter sequence system_settings_version_seq owned by system_settings.version;

comment on table system_settings is
  'Settings of the whole system; processes cache them and are told of changes.';
comment on column system_settings.id is
  'Identity of the setting.';
comment on column system_settings.key is
  'Name of the setting, such as log_retention_days; unique, case counts.';
comment on column system_settings.value is
  'Any JSON value, the JSON null included.';
comment on column system_settings.description is
  'What the setting does, for people; null when nobody said.';
comment on column system_settings.version is
  'Set at every write, higher than that of any write to any key before it.';
comment on column system_settings.updated_at is
  'When the setting was last written.';

-- One writer at a time until its commit, so that versions become visible in
-- their order: a reader that has seen version 7 misses nothing below it.
-- Taken before any row is locked, so that writers cannot block each other.
create function system_settings_take_turn() returns trigger
language plpgsql
as $$
begin
  perform pg_advisory_xact_lock(
    hashtextextended('netraven.system_settings', 0)
  );
  return null;
end
$$;

comment on function system_settings_take_turn is
  'Lets one transaction at a time write settings.';

create function system_settings_stamp() returns trigger
language plpgsql
as $$
begin
  new.version := nextval('system_settings_version_seq');
  new.updated_at := date_trunc('milliseconds', now());
  return new;
end
$$;

comment on function system_settings_stamp is
  'Gives a setting that is written its version and time.';

-- A deleted setting is told with a version of its own, newer than its last.
create function system_settings_notify() returns trigger
language plpgsql
as $$
declare
  changed system_settings := coalesce(new, old);
begin
  if tg_op = 'DELETE' then
    changed.version := nextval('system_settings_version_seq');
  end if;
  perform pg_notify(
    'netraven_settings',
    json_build_object('key', changed.key, 'version', changed.version)::text
  );
  return null;
end
$$;

comment on function system_settings_notify is
  'Tells the listeners on netraven_settings which key changed, at commit.';

create trigger system_settings_take_turn
  before insert or update or delete on system_settings
  for each statement execute function system_settings_take_turn();

create trigger system_settings_stamp
  before insert or update on system_settings
  for each row execute function system_settings_stamp();

create trigger system_settings_notify
  after insert or update or delete on system_settings
  for each row execute function system_settings_notify();

-- migrate:down

drop table system_settings;
drop function system_settings_notify;
drop function system_settings_stamp;
drop function system_settings_take_turn;
