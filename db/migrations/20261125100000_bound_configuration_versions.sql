-- migrate:up

-- Rewrites one narrow column of every version, and builds two indexes while
-- nobody writes.
do $$
begin
  create extension if not exists btree_gist;

  alter table device_configurations
    add column valid_until timestamptz(3),
    add column previous_id bigint,
    add column verified_count integer not null default 1;

  alter table device_states
    add column verified_count integer not null default 0;

  update device_configurations
  set valid_until = following.retrieved_at
  from (
    select
      id,
      lead(retrieved_at) over (
        partition by device_id
        order by retrieved_at, id
      ) as retrieved_at
    from device_configurations
  ) as following
  where
    following.id = device_configurations.id
    and following.retrieved_at is not null;

  update device_states
  set verified_count = 1
  where configuration_id is not null;

  -- What a version adds and removes counts from the one before it, which a
  -- version of before this migration does not know yet.
  update device_configurations
  set previous_id = before.id
  from (
    select
      id as following_id,
      lag(id) over (
        partition by device_id
        order by retrieved_at, id
      ) as id
    from device_configurations
  ) as before
  where
    before.following_id = device_configurations.id
    and device_configurations.blame is not null
    and before.id is not null;

  alter table device_configurations
    add constraint device_configurations_stand_one_after_another
    exclude using gist (
      device_id with =,
      tstzrange(retrieved_at, valid_until) with &&
    );

  -- Serves ConfigChangeList, ConfigCalendarList and ConfigExportList.
  create index device_configurations_retrieved_at_id_idx
    on device_configurations (retrieved_at, id);

  comment on column device_configurations.valid_until is
    'When the next version came; null for the latest. It stays when that '
    'version is pruned, so there can be gaps but no overlap.';
  comment on column device_configurations.previous_id is
    'The version that added and removed count from; null for the first one and '
    'while it is not indexed.';
  comment on column device_configurations.verified_count is
    'How often this text was read, set for good when the next version comes; '
    'for the latest version device_states.verified_count counts.';
  comment on column device_states.verified_count is
    'How often the latest configuration was read; 0 before the first.';
end
$$;

-- migrate:down

do $$
declare
  line text;
begin
  drop index device_configurations_retrieved_at_id_idx;
  alter table device_configurations
    drop constraint device_configurations_stand_one_after_another,
    drop column verified_count,
    drop column previous_id,
    drop column valid_until;
  alter table device_states
    drop column verified_count;
  drop extension btree_gist;

  for line in select apply_roles() loop
    raise notice '%', line;
  end loop;
end
$$;
