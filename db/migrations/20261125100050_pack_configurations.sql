-- migrate:up

-- What is there stays as it is until make reindex packs it.
do $$
begin
  alter table device_configurations
    alter column config_data drop not null,
    add column packed bytea,
    add column size integer;
  -- It is compressed already.
  alter table device_configurations
    alter column packed set storage external,
    -- The next version writes a row again: what it leaves is soon room for others.
    set (autovacuum_vacuum_scale_factor = 0.02);

  update device_configurations
  set size = coalesce(octet_length(raw), octet_length(config_data));

  alter table device_configurations
    alter column size set not null;

  comment on column device_configurations.packed is
    'The bytes as the device sent them, compressed by Brotli; config_data and raw '
    'are null then. Null in a version from before this column.';
  comment on column device_configurations.size is
    'How many bytes the device sent.';
end
$$;

-- migrate:down

-- Refused where something is packed: only a client unpacks it.
do $$
begin
  alter table device_configurations
    reset (autovacuum_vacuum_scale_factor),
    alter column config_data set not null,
    drop column size,
    drop column packed;
end
$$;
