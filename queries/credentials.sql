-- Credentials are logins. Only CredentialSecretGet and CredentialResealList
-- return an encrypted password.

/* @name CredentialInsert */
-- Creates a credential with its tags, creating tags that do not exist.
-- credentialCreate encrypts the password and binds it to the uuid.
-- :password Encrypted password, bound to the uuid.
-- :priority Lower numbers are tried first. Defaults to 100.
-- :tagNames Tags that do not exist are created.
-- .tags[!] Names of its tags, sorted.
-- Returns CredentialCreated.
-- Internal: a step of credentialCreate.
-- Writes credentials, tags, credential_tags.
with inserted as (
  insert into credentials (uuid, username, password, priority)
  values (
    :uuid!,
    :username!,
    :password!::text,
    coalesce(:priority::integer, 100)
  )
  returning id, uuid, username, priority, last_used, success_rate
),
wanted as (
  select tags_ensure(:tagNames::text[]) as tag
  from inserted
),
tagged as (
  insert into credential_tags (credential_id, tag_id)
  select
    inserted.id,
    (wanted.tag).id
  from inserted
  cross join wanted
)
select
  id,
  uuid,
  username,
  priority,
  last_used,
  success_rate,
  array(select (tag).name from wanted order by 1) as "tags!"
from inserted;

/* @name CredentialGet */
-- .tags[!] Names of its tags, sorted.
-- Returns Credential.
-- Reads.
select
  credentials.id,
  credentials.uuid,
  credentials.key_id,
  credentials.username,
  credentials.priority,
  credentials.last_used,
  credentials.success_rate,
  credentials.succeeded,
  credentials.failed,
  names as "tags!"
from credentials
cross join credential_tag_names(credentials.id) as names
where credentials.id = :id!;

/* @name CredentialSecretGet */
-- Returns the encrypted password for immediate use, and records who asked for
-- it and why. The key is null for a password that was stored before keys
-- existed.
-- :by Name of the person or service that asks.
-- :reason Reason, as free text.
-- Internal: a step of credentialReveal.
-- Writes credential_reveals.
with revealed as (
  select id, uuid, username, password, key_id
  from credentials
  where id = :id!
),
noted as (
  insert into credential_reveals (credential_id, username, revealed_by, reason)
  select
    id,
    username,
    :by!,
    :reason!
  from revealed
  returning id
)
select
  revealed.id,
  revealed.uuid,
  revealed.username,
  revealed.password::text as "password!",
  revealed.key_id,
  noted.id as reveal_id
from revealed
cross join noted;

/* @name CredentialList */
-- Lists credentials by priority, lowest number first.
-- :afterId The id of the last row of the previous page.
-- :afterPriority The priority of the last row of the previous page.
-- :limit Maximum rows to return.
-- .tags[!] Names of its tags, sorted.
-- Reads.
select
  credentials.id,
  credentials.username,
  credentials.priority,
  credentials.last_used,
  credentials.success_rate,
  names as "tags!"
from credentials
cross join credential_tag_names(credentials.id) as names
where
  (credentials.priority, credentials.id)
  > (
    coalesce(:afterPriority::integer, -2147483648),
    coalesce(:afterId::integer, 0)
  )
order by credentials.priority, credentials.id
limit :limit!::integer;

/* @name CredentialMatch */
-- Lists the credentials that share a tag with the device, best first, each with
-- the shared tags. After too many consecutive failures on the device a
-- credential is excluded for a while; credentialGuard reads both limits from
-- the settings.
-- :lockoutFailures Consecutive failures that lock a credential out. Defaults to
--   3; 0 disables lockouts.
-- :lockoutSeconds Duration of a lockout in seconds. Defaults to 900.
-- .matchingTags[!] Names of the tags that it shares with the device.
-- Reads.
select
  credentials.id,
  credentials.username,
  credentials.priority,
  credentials.last_used,
  credentials.success_rate,
  array_agg(tags.name order by tags.name) as "matching_tags!"
from device_tags
join tags on tags.id = device_tags.tag_id
join credential_tags on credential_tags.tag_id = tags.id
join credentials on credentials.id = credential_tags.credential_id
where
  device_tags.device_id = :deviceId!
  and not exists (
    select
    from credential_attempts
    where
      credential_attempts.device_id = :deviceId!
      and credential_attempts.credential_id = credentials.id
      and credential_attempts.failures
      >= nullif(coalesce(:lockoutFailures::integer, 3), 0)
      and credential_attempts.attempted_at
      > now() - make_interval(secs => coalesce(:lockoutSeconds::integer, 900))
  )
group by credentials.id
order by
  credentials.priority,
  credentials.success_rate desc,
  credentials.last_used desc nulls last,
  credentials.id;

/* @name CredentialMatchMany */
-- Lists the best credentials for each of many devices, ranked from 1; see
-- CredentialMatch. A device without a matching credential has no row.
-- The order is the same for every device, so the best credentials of a device
-- are among the best of its tags. Each tag therefore supplies only perDevice
-- credentials, plus the maximum number that is locked out on one of the
-- devices.
-- :perDevice Maximum credentials for each device.
-- :lockoutFailures Consecutive failures that lock a credential out. Defaults to
--   3; 0 disables lockouts.
-- :lockoutSeconds Duration of a lockout in seconds. Defaults to 900.
-- .matchingTags[!] Names of the tags that it shares with the device.
-- .rank 1 for the best credential of the device.
-- Reads.
with locked_out as (
  select device_id, credential_id
  from credential_attempts
  where
    device_id = any(:deviceIds!::integer[])
    and failures >= nullif(coalesce(:lockoutFailures::integer, 3), 0)
    and attempted_at
    > now() - make_interval(secs => coalesce(:lockoutSeconds::integer, 900))
),
most as (
  select coalesce(max(credentials), 0) as locked_out
  from (
    select count(*) as credentials
    from locked_out
    group by device_id
  ) as counted
),
placed as (
  select
    id,
    row_number() over (
      order by priority, success_rate desc, last_used desc nulls last, id
    ) as place
  from credentials
),
best as (
  select
    credential_tags.tag_id,
    placed.id as credential_id,
    placed.place,
    row_number() over (
      partition by credential_tags.tag_id
      order by placed.place
    ) as rank
  from placed
  join credential_tags on credential_tags.credential_id = placed.id
),
ranked as (
  select
    device_tags.device_id,
    best.credential_id,
    row_number() over (
      partition by device_tags.device_id
      order by best.place
    )::integer as rank
  from device_tags
  join best on best.tag_id = device_tags.tag_id
  cross join most
  where
    device_tags.device_id = any(:deviceIds!::integer[])
    and best.rank <= :perDevice!::integer + most.locked_out
    and not exists (
      select
      from locked_out
      where
        locked_out.device_id = device_tags.device_id
        and locked_out.credential_id = best.credential_id
    )
  group by device_tags.device_id, best.credential_id, best.place
)
select
  ranked.device_id,
  ranked.rank as "rank!",
  credentials.id,
  credentials.username,
  credentials.priority,
  credentials.last_used,
  credentials.success_rate,
  array_agg(tags.name order by tags.name) as "matching_tags!"
from ranked
join credentials on credentials.id = ranked.credential_id
join device_tags on device_tags.device_id = ranked.device_id
join credential_tags
  on credential_tags.credential_id = ranked.credential_id
  and credential_tags.tag_id = device_tags.tag_id
join tags on tags.id = device_tags.tag_id
where ranked.rank <= :perDevice!::integer
group by ranked.device_id, ranked.rank, credentials.id
order by ranked.device_id, ranked.rank;

/* @name CredentialDependents */
-- Lists the devices that only this credential opens, by hostname. Check them
-- before you delete the credential.
-- :afterHostname The hostname of the last row of the previous page.
-- :afterId The id of the last row of the previous page.
-- :limit Maximum rows to return.
-- Reads.
select
  devices.id,
  devices.hostname
from devices
where
  devices.id in (
    select device_tags.device_id
    from credential_tags
    join device_tags on device_tags.tag_id = credential_tags.tag_id
    where credential_tags.credential_id = :id!
  )
  and not exists (
    select
    from device_tags
    where
      device_tags.device_id = devices.id
      and device_tags.tag_id in (
        select tag_id
        from credential_tags
        where credential_id <> :id!
      )
  )
  and (devices.hostname, devices.id)
  > (coalesce(:afterHostname::text, ''), coalesce(:afterId::integer, 0))
order by devices.hostname, devices.id
limit :limit!::integer;

/* @name CredentialUpdate */
-- Changes the given fields and keeps the others. CredentialPasswordSet changes
-- the password. Only CredentialAttemptRecord changes the counts, success_rate
-- and last_used.
-- :username Defaults to the current username.
-- :priority Lower numbers are tried first. Defaults to the current priority.
-- Returns CredentialSummary.
-- Writes credentials.
update credentials
set
  username = coalesce(:username, username),
  priority = coalesce(:priority, priority)
where id = :id!
returning id, username, priority, last_used, success_rate;

/* @name CredentialPasswordSet */
-- Replaces the encrypted password. Deletes the recorded attempts, so that the
-- new password can be tried at once.
-- :password Encrypted password, bound to the uuid.
-- Returns CredentialSummary.
-- Internal: a step of credentialSetPassword.
-- Writes credentials, credential_attempts.
with changed as (
  update credentials
  set password = :password!::text
  where id = :id!
  returning id, username, priority, last_used, success_rate
),
forgotten as (
  delete from credential_attempts
  where credential_id in (select id from changed)
)
select id, username, priority, last_used, success_rate
from changed;

/* @name CredentialUnsealedList */
-- Lists credentials whose password was stored before keys existed. It cannot be
-- decrypted: each needs a new password.
-- :afterId The id of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns Id.
-- Internal: a step of keysStatus.
-- Reads.
select id
from credentials
where
  key_id is null
  and id > coalesce(:afterId::integer, 0)
order by id
limit :limit!::integer;

/* @name CredentialResealList */
-- Lists passwords that are encrypted with another key than this one, by id,
-- with the uuid that each is bound to.
-- :keyId The key whose passwords are skipped.
-- :afterId The id of the last row of the previous page.
-- :limit Maximum rows to return.
-- Internal: a step of keysCheck and keysRotate.
-- Reads.
select
  id,
  uuid,
  key_id as "key_id!",
  password::text as "sealed!"
from credentials
where
  key_id <> :keyId!
  and id > coalesce(:afterId::integer, 0)
order by id
limit :limit!::integer;

/* @name CredentialReseal */
-- Stores re-encrypted passwords. A password that was changed since it was read
-- stays as it is, and a locked row is skipped: the next pass reads both again.
-- Arrays are matched by position. Returns the changed credentials.
-- :sealed Encrypted passwords as they were read.
-- :resealed Re-encrypted passwords.
-- Returns Id.
-- Internal: a step of keysRotate.
-- Writes credentials.
with given as (
  select id, sealed, resealed
  from unnest(:ids!::integer[], :sealed!::text[], :resealed!::text[])
    as given (id, sealed, resealed)
),
locked as (
  select id
  from credentials
  where id = any(:ids!::integer[])
  order by id
  for no key update skip locked
)
update credentials
set password = given.resealed
from given
join locked on locked.id = given.id
where
  credentials.id = given.id
  and credentials.password = given.sealed
returning credentials.id;

/* @name CredentialAttemptRecord */
-- Records the outcomes of many attempts, in the order of their times: counts
-- them and changes success_rate. A success makes it rate * 0.9 + 0.1, a failure
-- rate * 0.9. Arrays are matched by position. With devices it also counts the
-- consecutive failures of each credential on each device, for CredentialMatch.
-- Returns the credentials that exist.
-- One update of the current row applies all attempts, so that concurrent
-- writers lose none. Rows are locked by id first, and waited for: concurrent
-- calls cannot deadlock, and skipping rows would lose attempts. A time in the
-- future counts as now. A rate below 1e-12 counts as 0, and exponents are
-- limited to 500: smaller numbers would underflow, which is an error.
-- :succeeded Whether each attempt succeeded.
-- :attemptedAt When each attempt was made.
-- :deviceIds[?] Device of each attempt; null if it is not known.
-- Writes credential_attempts, credentials.
with attempts as (
  select *
  from credential_attempts_given(
    :credentialIds!::integer[],
    :succeeded!::boolean[],
    :attemptedAt!::timestamptz[],
    :deviceIds::integer[]
  )
),
folded as (
  select
    credential_id,
    count(*) filter (where succeeded) as succeeded,
    count(*) filter (where not succeeded) as failed,
    power(0.9::double precision, least(count(*), 500)) as kept,
    sum(0.1 * power(0.9::double precision, least(later_attempts, 500)))
      filter (where succeeded) as gained,
    max(attempted_at) as last_used
  from attempts
  group by credential_id
),
locked as (
  select id
  from credentials
  where id = any(:credentialIds!::integer[])
  order by id
  for no key update
),
present as (
  select id
  from devices
  where id = any(:deviceIds::integer[])
  order by id
  for key share
),
on_devices as (
  select
    attempts.device_id,
    attempts.credential_id,
    bool_or(attempts.succeeded) as succeeded,
    count(*) filter (where not attempts.success_since) as failures,
    max(attempts.attempted_at) as attempted_at
  from attempts
  join present on present.id = attempts.device_id
  join locked on locked.id = attempts.credential_id
  group by attempts.device_id, attempts.credential_id
),
noted as (
  insert into credential_attempts as known
    (device_id, credential_id, failures, attempted_at)
  select device_id, credential_id, failures, attempted_at
  from on_devices
  where not succeeded
  order by credential_id, device_id
  on conflict (device_id, credential_id) do update
  set
    failures = known.failures + excluded.failures,
    attempted_at = greatest(known.attempted_at, excluded.attempted_at)
),
cleared as (
  insert into credential_attempts as known
    (device_id, credential_id, failures, attempted_at)
  select device_id, credential_id, failures, attempted_at
  from on_devices
  where succeeded
  order by credential_id, device_id
  on conflict (device_id, credential_id) do update
  set
    failures = excluded.failures,
    attempted_at = excluded.attempted_at
  where known.attempted_at <= excluded.attempted_at
)
update credentials
set
  succeeded = credentials.succeeded + folded.succeeded,
  failed = credentials.failed + folded.failed,
  success_rate = least(
    1,
    case
      when credentials.success_rate < 1e-12 then 0
      else credentials.success_rate * folded.kept
    end + coalesce(folded.gained, 0)
  ),
  last_used = greatest(credentials.last_used, folded.last_used)
from locked
join folded on folded.credential_id = locked.id
where credentials.id = locked.id
returning
  credentials.id,
  credentials.success_rate,
  credentials.last_used,
  credentials.succeeded,
  credentials.failed;

/* @name CredentialDelete */
-- Deletes a credential. CredentialDependents lists the devices that only it
-- opens.
-- Returns CredentialSummary.
-- Writes credentials.
delete from credentials
where id = :id!
returning id, username, priority, last_used, success_rate;
