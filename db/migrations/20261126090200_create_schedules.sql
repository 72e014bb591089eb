-- migrate:up

do $$
begin
  create table schedules (
    id integer generated always as identity primary key,
    name text not null unique,
    cron text,
    every_seconds integer,
    time_zone text not null default 'UTC',
    device_id integer references devices on delete cascade,
    job_type text not null default 'backup',
    priority smallint not null default 0,
    enabled boolean not null default true,
    next_run_at timestamptz(3) not null,
    last_run_at timestamptz(3),
    constraint cron_or_interval
      check (num_nonnulls(cron, every_seconds) = 1),
    constraint interval_is_positive
      check (every_seconds > 0),
    constraint job_type_is_a_word
      check (job_type ~ '^[a-z][a-z0-9_]*$')
  );

  -- Serves the cascade of DeviceDelete.
  create index schedules_device_id_idx on schedules (device_id);

  comment on table schedules is
    'Jobs that are made again and again: of a device, or of those with tags.';
  comment on column schedules.id is
    'Identity of the schedule.';
  comment on column schedules.name is
    'What people call it; unique, case counts.';
  comment on column schedules.cron is
    'When, as five fields of cron; null where it has an interval.';
  comment on column schedules.every_seconds is
    'How often, in seconds; null where it has a cron expression.';
  comment on column schedules.time_zone is
    'The IANA time zone that the cron expression is read in.';
  comment on column schedules.device_id is
    'The device; null where it is for tags.';
  comment on column schedules.job_type is
    'The type of its jobs.';
  comment on column schedules.priority is
    'The priority of its jobs.';
  comment on column schedules.enabled is
    'Whether it makes jobs.';
  comment on column schedules.next_run_at is
    'When it is due. Who moves it on makes the jobs, so that they are made once.';
  comment on column schedules.last_run_at is
    'When it last made jobs; null before the first time.';

  create table schedule_tags (
    schedule_id integer not null references schedules on delete cascade,
    tag_id integer not null references tags on delete cascade,
    primary key (schedule_id, tag_id)
  );

  -- Serves the cascade of TagDelete.
  create index schedule_tags_tag_id_idx on schedule_tags (tag_id);

  comment on table schedule_tags is
    'The tags of schedules: a device with any of them is in.';
  comment on column schedule_tags.schedule_id is
    'The schedule.';
  comment on column schedule_tags.tag_id is
    'The tag.';
end
$$;

-- migrate:down

do $$
begin
  drop table schedule_tags;
  drop table schedules;
end
$$;
