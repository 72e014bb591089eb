-- migrate:up

do $$
begin
  -- No check stands on this table either: the server would write the text to
  -- its log. The ids are those of versions, so that one keeps its id when it
  -- is released.
  create table config_quarantine (
    id bigint primary key
      default nextval('device_configurations_id_seq'),
    device_id integer not null references devices on delete cascade,
    content_hash bytea not null,
    reasons text[] not null,
    retrieved_at timestamptz(3) not null,
    verified_at timestamptz(3) not null,
    verified_count integer not null default 1,
    metadata jsonb not null default '{}',
    config_data text not null,
    raw bytea,
    unique (device_id, content_hash)
  );

  comment on table config_quarantine is
    'What devices sent that may be no whole configuration, until a person '
    'releases it into the history or drops it.';
  comment on column config_quarantine.id is
    'Identity; no version has it until this one is released.';
  comment on column config_quarantine.device_id is
    'The device that sent it.';
  comment on column config_quarantine.content_hash is
    'SHA-256 of what the device sent, 32 bytes.';
  comment on column config_quarantine.reasons is
    'What is wrong with it: empty, shrunk, no_end_marker, flapping.';
  comment on column config_quarantine.retrieved_at is
    'When this text was first read.';
  comment on column config_quarantine.verified_at is
    'When this text was last read.';
  comment on column config_quarantine.verified_count is
    'How often this text was read.';
  comment on column config_quarantine.metadata is
    'What the caller noted about it when it was first read: a JSON object, '
    'empty by default.';
  comment on column config_quarantine.config_data is
    'The text as the device sent it; where that was no text, a readable form '
    'of raw.';
  comment on column config_quarantine.raw is
    'The bytes as the device sent them; null when they are the text in UTF-8.';
end
$$;

-- migrate:down

drop table config_quarantine;
