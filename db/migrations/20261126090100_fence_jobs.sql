-- migrate:up

do $$
begin
  -- Of before there was a way to claim: at most one of a device goes on running.
  update jobs
  set
    status = 'queued',
    claim_token = null,
    lease_until = null
  where
    status = 'running'
    and exists (
      select
      from jobs as later
      where
        later.device_id = jobs.device_id
        and later.status = 'running'
        and later.id > jobs.id
    );

  alter table jobs
    add column job_type text not null default 'backup',
    add column priority smallint not null default 0,
    add column max_attempts smallint not null default 3,
    add column failures smallint not null default 0,
    add column cancel_requested_at timestamptz(3),
    add column error_class text,
    add column error_message text,
    drop constraint completed_when_finished,
    add constraint completed_when_finished
      check (
        (status in ('succeeded', 'partial', 'failed', 'cancelled'))
        = (completed_at is not null)
      ),
    -- It stands in the names of settings.
    add constraint job_type_is_a_word
      check (job_type ~ '^[a-z][a-z0-9_]*$'),
    add constraint max_attempts_is_positive
      check (max_attempts > 0),
    add constraint failures_are_not_too_many
      check (failures between 0 and max_attempts),
    -- A heartbeat writes one narrow version of the row, on the same page.
    set (fillfactor = 85);

  comment on type job_status is
    'A job waits, runs, and ends in one of four ways.';
  comment on table jobs is
    'Work to do, such as backups: one run on one device each.';
  comment on column jobs.device_id is
    'The device to work on.';
  comment on column jobs.job_type is
    'What kind of work, such as backup.';
  comment on column jobs.priority is
    'Of the jobs that are due, those of a higher one start first.';
  comment on column jobs.max_attempts is
    'So many attempts may fail or outlive their lease: then the job has failed.';
  comment on column jobs.failures is
    'How many attempts did.';
  comment on column jobs.cancel_requested_at is
    'When somebody asked to cancel the job while it ran; its worker sees it at '
    'its next heartbeat.';
  comment on column jobs.error_class is
    'What kind of thing went wrong at the last attempt that its worker ended, '
    'such as ConnectionError; null where nothing did.';
  comment on column jobs.error_message is
    'What went wrong then, in words.';
  comment on column jobs.claim_token is
    'Secret of the current claim, made by the worker, whose reports count only '
    'with it, or of the one that ended the job; null while no claim counts.';
  comment on column jobs.lease_until is
    'The claim may be taken away from this time on; null while no claim counts.';

  -- One backup of a device at a time, whoever claims.
  create unique index jobs_one_runs_per_device
    on jobs (device_id)
    where status = 'running';

  -- Serves JobTake.
  create index jobs_due_idx
    on jobs (priority desc, scheduled_for, id)
    where status = 'queued';

  create type attempt_outcome as enum (
    'succeeded',
    'partial',
    'failed',
    'cancelled',
    'released',
    'expired'
  );

  comment on type attempt_outcome is
    'An attempt ends as its worker reports, is given back, or outlives its '
    'lease.';

  create table job_attempts (
    job_id integer not null references jobs on delete cascade,
    attempt integer not null,
    worker text not null,
    started_at timestamptz(3) not null,
    completed_at timestamptz(3) not null,
    outcome attempt_outcome not null,
    error_class text,
    error_message text,
    primary key (job_id, attempt)
  );

  comment on table job_attempts is
    'Attempts that have ended, and did not end their job; the last one is in '
    'jobs.';
  comment on column job_attempts.job_id is
    'The job.';
  comment on column job_attempts.attempt is
    'Which of its attempts, from 1.';
  comment on column job_attempts.worker is
    'Who made it.';
  comment on column job_attempts.started_at is
    'When it began.';
  comment on column job_attempts.completed_at is
    'When it ended, or was found to have outlived its lease.';
  comment on column job_attempts.outcome is
    'How it ended: failed, given back, or by its lease.';
  comment on column job_attempts.error_class is
    'What kind of thing went wrong, such as ConnectionError; null where nothing.';
  comment on column job_attempts.error_message is
    'What went wrong, in words.';
end
$$;

-- migrate:down

do $$
begin
  update jobs set status = 'failed' where status = 'partial';

  drop table job_attempts;
  drop type attempt_outcome;
  drop index jobs_due_idx;
  drop index jobs_one_runs_per_device;

  alter table jobs
    drop constraint completed_when_finished,
    drop column error_message,
    drop column error_class,
    drop column cancel_requested_at,
    drop column failures,
    drop column max_attempts,
    drop column priority,
    drop column job_type,
    reset (fillfactor);

  comment on table jobs is
    'Backups to make: one run on one device each.';
  comment on column jobs.device_id is
    'The device to back up.';

  alter table jobs
    add constraint completed_when_finished
      check (
        (status in ('succeeded', 'failed', 'cancelled'))
        = (completed_at is not null)
      );
end
$$;
