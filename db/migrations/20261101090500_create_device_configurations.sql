-- migrate:up

-- No check stands on this table: the server writes the failing row to its log,
-- and with it the beginning of the text.
create table device_configurations (
  id bigint generated always as identity primary key,
  device_id integer not null references devices on delete cascade,
  config_data text not null,
  retrieved_at timestamptz(3) not null
    default date_trunc('milliseconds', now()),
  verified_at timestamptz(3) not null
    default date_trunc('milliseconds', now()),
  content_hash bytea not null,
  metadata jsonb not null default '{}',
  -- device_states refers to it.
  unique (device_id, id)
);

-- Serves ConfigHistoryList, ConfigAsOfGet and the cascade of DeviceDelete.
create index device_configurations_device_id_retrieved_at_id_idx
  on device_configurations (device_id, retrieved_at, id);

comment on table device_configurations is
  'Every version of every configuration; a row is written when a text changes.';
comment on column device_configurations.id is
  'Identity of the version.';
comment on column device_configurations.device_id is
  'The device the configuration was read from.';
comment on column device_configurations.config_data is
  'The text as the device sent it.';
comment on column device_configurations.retrieved_at is
  'When this text was first read; within a device it never goes back.';
comment on column device_configurations.verified_at is
  'When this text was last read, set for good when the next version comes; '
  'for the latest version device_states.verified_at counts.';
comment on column device_configurations.content_hash is
  'SHA-256 of the text in UTF-8, 32 bytes.';
comment on column device_configurations.metadata is
  'What the caller noted about this version: a JSON object, empty by default.';

create table device_states (
  device_id integer primary key references devices on delete cascade,
  content_hash bytea,
  configuration_id bigint,
  retrieved_at timestamptz(3),
  verified_at timestamptz(3),
  job_id integer,
  -- Both keys hold the device too: a state points to rows of its own device
  -- only, and the checks use the primary key instead of more indexes. The
  -- latest version cannot be deleted before its device.
  foreign key (device_id, configuration_id)
    references device_configurations (device_id, id) on delete no action,
  foreign key (device_id, job_id)
    references jobs (device_id, id) on delete set null (job_id),
  constraint content_hash_has_32_bytes
    check (octet_length(content_hash) = 32),
  constraint configuration_is_known_in_full_or_not_at_all
    check (
      num_nulls(content_hash, configuration_id, retrieved_at, verified_at)
      in (0, 4)
    )
)
-- Room in every page and no index but the key, so that ConfigVerify and
-- JobInsert write no index.
with (fillfactor = 50);

comment on table device_states is
  'What changes at every contact with a device: one narrow row each, absent '
  'until the first job or configuration.';
comment on column device_states.device_id is
  'The device this is the state of.';
comment on column device_states.content_hash is
  'SHA-256 of the latest configuration, 32 bytes; null before the first.';
comment on column device_states.configuration_id is
  'The latest configuration; null before the first.';
comment on column device_states.retrieved_at is
  'When the latest configuration was first read; null before the first.';
comment on column device_states.verified_at is
  'When the latest configuration was last read; null before the first.';
comment on column device_states.job_id is
  'The job that was made last for the device; null when it has none.';

-- migrate:down

drop table device_states;
drop table device_configurations;
