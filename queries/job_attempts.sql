/* @name JobAttemptList */
-- Attempts at jobs that have ended, with what went wrong.
-- Those of a job, the first one first.
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
where
  job_id = :jobId!
  and attempt > coalesce(:afterAttempt::integer, 0)
order by attempt
limit :limit!::integer;
