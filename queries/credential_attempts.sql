-- Results of the latest attempts with each credential on each device.

/* @name CredentialLockoutList */
-- Lists the credentials that are locked out on a device, by device and
-- credential: those that CredentialMatch excludes there with the same limits.
-- :lockoutFailures Consecutive failures that lock a credential out. Defaults to
--   3; 0 disables lockouts.
-- :lockoutSeconds Duration of a lockout in seconds. Defaults to 900.
-- :afterCredentialId The credentialId of the last row of the previous page.
-- :afterDeviceId The deviceId of the last row of the previous page.
-- :limit Maximum rows to return.
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
-- Deletes the recorded attempts with a credential, so that it can be tried at
-- once.
-- :deviceIds Only on these devices. Defaults to all.
-- Writes credential_attempts.
delete from credential_attempts
where
  credential_id = :credentialId!
  and (:deviceIds::integer[] is null or device_id = any(:deviceIds))
returning device_id, credential_id, failures, attempted_at;
