-- migrate:up

alter type job_status add value 'partial' after 'succeeded';

-- migrate:down

-- A type cannot lose a value: it is made anew, with what refers to its values.
do $$
begin
  update jobs set status = 'failed' where status = 'partial';

  alter table jobs
    drop constraint claimed_when_running,
    drop constraint completed_when_finished,
    alter column status drop default;
  alter type job_status rename to job_status_with_partial;
  create type job_status as enum (
    'queued',
    'running',
    'succeeded',
    'failed',
    'cancelled'
  );
  comment on type job_status is
    'A job waits, runs, and ends in one of three ways.';
  alter table jobs
    alter column status type job_status using status::text::job_status,
    alter column status set default 'queued',
    add constraint claimed_when_running
      check (
        status <> 'running'
        or num_nulls(started_at, claimed_by, claim_token, lease_until) = 0
      ),
    add constraint completed_when_finished
      check (
        (status in ('succeeded', 'failed', 'cancelled'))
        = (completed_at is not null)
      );
  drop type job_status_with_partial;
end
$$;
