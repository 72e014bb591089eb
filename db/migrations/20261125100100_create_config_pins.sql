-- migrate:up

do $$
begin
  create table config_pins (
    device_id integer not null references devices on delete cascade,
    configuration_id bigint not null,
    label text not null,
    note text,
    pinned_by text not null,
    pinned_at timestamptz(3) not null
      default date_trunc('milliseconds', now()),
    primary key (device_id, configuration_id, label),
    -- A pinned version cannot be deleted before its device.
    foreign key (device_id, configuration_id)
      references device_configurations (device_id, id) on delete no action,
    constraint label_has_1_to_100_characters
      check (char_length(label) between 1 and 100)
  );

  comment on table config_pins is
    'Versions that are kept, each under one label or several.';
  comment on column config_pins.device_id is
    'The device of the version.';
  comment on column config_pins.configuration_id is
    'The version that is kept.';
  comment on column config_pins.label is
    'Why it is kept, such as golden or restored.';
  comment on column config_pins.note is
    'What else there is to say; null when nobody did.';
  comment on column config_pins.pinned_by is
    'Who pinned it.';
  comment on column config_pins.pinned_at is
    'When it was pinned first.';
end
$$;

-- migrate:down

drop table config_pins;
