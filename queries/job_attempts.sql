-- Attempts that did not end their job; the last attempt is in jobs.

/* @name JobAttemptList */
-- Lists the completed attempts of a job, first attempt first, with their
-- errors.
-- :afterAttempt The attempt of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns JobAttempt.
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
    -- Jobs cancelled in the queue, or whose last lease expired, have no token.
    and claim_token is not null
) as attempts
where attempt > coalesce(:afterAttempt::integer, 0)
order by attempt
limit :limit!::integer;
