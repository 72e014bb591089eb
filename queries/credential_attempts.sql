/* @name CredentialLockoutList */
-- How the last attempts with a credential on a device went.
-- The credentials that failed on a device at least so many times in a row, and
-- lately, in the order of device and credential: what CredentialMatch leaves
-- out there. The numbers are those of CredentialMatch.
-- Reads.
select
  credential_attempts.device_id,
  devices.hostname,
  credential_attempts.credential_id,
  credentials.username,
  credential_attempts.failures,
  credential_attempts.attempted_at
from credential_attempts
join devices on devices.id = credential_attempts.device_id
join credentials on credentials.id = credential_attempts.credential_id
where
  credential_attempts.failures
  >= nullif(coalesce(:lockoutFailures::integer, 3), 0)
  and credential_attempts.attempted_at
  > now() - make_interval(secs => coalesce(:lockoutSeconds::integer, 900))
  and (credential_attempts.device_id, credential_attempts.credential_id)
  > (
    coalesce(:afterDeviceId::integer, 0),
    coalesce(:afterCredentialId::integer, 0)
  )
order by credential_attempts.device_id, credential_attempts.credential_id
limit :limit!::integer;

/* @name CredentialLockoutClear */
-- Forgets the attempts with a credential on devices, so that it may be tried
-- at once; without devices on all.
-- Writes credential_attempts.
delete from credential_attempts
where
  credential_id = :credentialId!
  and (:deviceIds::integer[] is null or device_id = any(:deviceIds))
returning device_id, credential_id, failures, attempted_at;
