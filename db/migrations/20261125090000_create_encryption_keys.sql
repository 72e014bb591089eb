-- migrate:up

do $$
begin
  create table encryption_keys (
    key_id text collate "C" primary key,
    created_at timestamptz(3) not null
      default date_trunc('milliseconds', now()),
    retired_at timestamptz(3),
    check_value text not null,
    live boolean not null generated always as (retired_at is null) stored,
    -- Sealed rows refer to both, so a key in use cannot be retired, whoever tries.
    unique (key_id, live),
    constraint key_id_has_1_to_63_characters
      check (char_length(key_id) between 1 and 63),
    constraint retired_after_created
      check (retired_at >= created_at)
  );

  comment on table encryption_keys is
    'The keys that sealed columns were or are sealed with; never the keys themselves.';
  comment on column encryption_keys.key_id is
    'Name of the key, as in the key ring and in every envelope.';
  comment on column encryption_keys.created_at is
    'When a process first came with the key.';
  comment on column encryption_keys.retired_at is
    'When the key was given up; null while rows may be sealed with it.';
  comment on column encryption_keys.check_value is
    'A known text sealed with the key: tells another key of the same name.';
  comment on column encryption_keys.live is
    'Whether the key is not retired.';
end
$$;

-- migrate:down

drop table encryption_keys;
