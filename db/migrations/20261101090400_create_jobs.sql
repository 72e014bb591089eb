-- migrate:up

create type job_status as enum (
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled'
);

comment on type job_status is
  'A job waits, runs, and ends in one of three ways.';

create table jobs (
  id integer generated always as identity primary key,
  device_id integer not null references devices on delete cascade,
  status job_status not null default 'queued',
  scheduled_for timestamptz(3) not null
    default date_trunc('milliseconds', now()),
  started_at timestamptz(3),
  completed_at timestamptz(3),
  claimed_by text,
  claim_token uuid,
  lease_until timestamptz(3),
  attempt integer not null default 0,
  -- Serves JobListByDevice, JobLatestByDevice and the cascade of DeviceDelete;
  -- device_states refers to it.
  unique (device_id, id),
  constraint attempt_is_not_negative
    check (attempt >= 0),
  constraint claimed_when_running
    check (
      status <> 'running'
      or num_nulls(started_at, claimed_by, claim_token, lease_until) = 0
    ),
  constraint completed_when_finished
    check (
      (status in ('succeeded', 'failed', 'cancelled'))
      = (completed_at is not null)
    )
);

-- Serves JobList.
create index jobs_scheduled_for_id_idx on jobs (scheduled_for, id);

comment on table jobs is
  'Backups to make: one run on one device each.';
comment on column jobs.id is
  'Identity of the job; a higher one was made later.';
comment on column jobs.device_id is
  'The device to back up.';
comment on column jobs.status is
  'Where the job stands.';
comment on column jobs.scheduled_for is
  'The job may start from this time on.';
comment on column jobs.started_at is
  'When the current or last attempt began; null before the first.';
comment on column jobs.completed_at is
  'When the job ended, whichever way; null while it has not.';
comment on column jobs.claimed_by is
  'Worker that holds or last held the job; null before the first claim.';
comment on column jobs.claim_token is
  'Secret of the current claim, made by the worker, whose reports count only '
  'with it; null before the first claim.';
comment on column jobs.lease_until is
  'The claim counts until this time; null before the first claim.';
comment on column jobs.attempt is
  'How often the job was claimed; 0 before the first time.';

-- migrate:down

drop table jobs;
drop type job_status;
