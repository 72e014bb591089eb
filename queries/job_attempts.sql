/* @name JobAttemptList */
-- Attempts at jobs: those that did not end them; the last one is in jobs.
-- Attempts at a job that have ended, the first one first, with what went wrong.
-- Reads.
select
  job_id as "job_id!",
  attempt as "attempt!",
  worker as "worker!",
  started_at as "started_at!",
  completed_at as "completed_at!",
  outcome as "outcome!",
  error_class as "error_class?",
  error_message as "error_message?"
from (
  select
    job_id,
    attempt,
    worker,
    started_at,
    completed_at,
    outcome,
    error_class,
    error_message
  from job_attempts
  where job_id = :jobId!
  union all
  select
    id,
    attempt,
    claimed_by,
    started_at,
    completed_at,
    status::text::attempt_outcome,
    error_class,
    error_message
  from jobs
  where
    id = :jobId!
    and completed_at is not null
    -- What was cancelled in the queue, or outlived its last lease, has none.
    and claim_token is not null
) as attempts
where attempt > coalesce(:afterAttempt::integer, 0)
order by attempt
limit :limit!::integer;
