/* @name CredentialInsert */
-- Credentials are logins; only CredentialSecretGet and CredentialResealList
-- return a sealed password.
-- Makes a credential with its tags; tags that do not exist are made. The
-- password comes sealed for the uuid, as credentialCreate does it.
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
given as (
  select distinct name
  from inserted
  cross join unnest(:tagNames::text[]) as given (name)
),
known as (
  select id, name
  from tags
  where name = any(:tagNames::text[])
),
made as (
  insert into tags (name)
  select name
  from given
  where name not in (select name from known)
  order by name
  on conflict (name) do update set type = tags.type
  returning id, name
),
wanted as (
  table known
  union all
  table made
),
tagged as (
  insert into credential_tags (credential_id, tag_id)
  select
    inserted.id,
    wanted.id
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
  array(select name from given order by name) as "tags!"
from inserted;

/* @name CredentialGet */
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
  array(
    select tags.name
    from credential_tags
    join tags on tags.id = credential_tags.tag_id
    where credential_tags.credential_id = credentials.id
    order by tags.name
  ) as "tags!"
from credentials
where credentials.id = :id!;

/* @name CredentialSecretGet */
-- The sealed password, for the moment of use; notes who asked for it, and why.
-- The key is null for a password from before there were keys.
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
-- Credentials in the order of trying.
-- Reads.
select
  credentials.id,
  credentials.username,
  credentials.priority,
  credentials.last_used,
  credentials.success_rate,
  array(
    select tags.name
    from credential_tags
    join tags on tags.id = credential_tags.tag_id
    where credential_tags.credential_id = credentials.id
    order by tags.name
  ) as "tags!"
from credentials
where
  (credentials.priority, credentials.id)
  > (
    coalesce(:afterPriority::integer, -2147483648),
    coalesce(:afterId::integer, 0)
  )
order by credentials.priority, credentials.id
limit :limit!::integer;

/* @name CredentialMatch */
-- The credentials that share a tag with the device, best first, each with the
-- tags that they share. One that failed there so many times in a row, 3 unless
-- told, is left out for so many seconds after the last time, 900 unless told;
-- credentialGuard reads both from the settings. With 0 failures none is.
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
-- The same for many devices: at most so many credentials for each, ranked
-- from 1. A device that no credential matches has no row.
-- The order is the same for every device, so the best of a device are among
-- the best of its tags, and no tag needs to give more than a device can take,
-- and as many more as are locked out on one of them.
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
-- Devices that only this credential opens, by hostname: ask before deleting.
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
-- Changes what is given and leaves the rest; for the password there is
-- CredentialPasswordSet. Only CredentialAttemptRecord moves the counts, the
-- success_rate and last_used.
-- Writes credentials.
update credentials
set
  username = coalesce(:username, username),
  priority = coalesce(:priority, priority)
where id = :id!
returning id, username, priority, last_used, success_rate;

/* @name CredentialPasswordSet */
-- Replaces the sealed password, as credentialSetPassword does it. A new
-- password may be tried at once where the old one had failed too often.
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
-- Credentials with a password from before there were keys, which nothing
-- opens: each needs a new one.
-- Reads.
select id
from credentials
where
  key_id is null
  and id > coalesce(:afterId::integer, 0)
order by id
limit :limit!::integer;

/* @name CredentialResealList */
-- For the rotation of keys: sealed passwords that another key than this one
-- sealed, by id, with what they are bound to.
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
-- Puts in what was sealed anew, where the password is still the one that was
-- read; the arrays go together by position. Returns the credentials that were
-- changed: others have been changed meanwhile, or are locked, and come again.
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
-- Takes in the outcomes of many attempts, in the order of their times: counts
-- them, and moves success_rate, to rate * 0.9 + 0.1 for a success and to
-- rate * 0.9 for a failure. The arrays go together by position; with devices
-- it also counts the failures in a row of each credential on each device, for
-- CredentialMatch. Returns the credentials that exist.
-- One update of the current row folds all attempts in, so none is lost
-- to a writer at the same time. Rows are locked by id first and waited for:
-- two calls at once cannot block each other, and skipping would lose attempts.
-- A time in the future counts as now. A rate below a millionth of a millionth
-- is 0, and powers end at 500: smaller numbers underflow, which is an error.
-- Writes credential_attempts, credentials.
with attempts as (
  select
    credential_id,
    device_id,
    succeeded,
    attempted_at,
    place,
    row_number() over (
      partition by credential_id
      order by attempted_at desc, place desc
    ) - 1 as later_attempts
  from unnest(
    :credentialIds!::integer[],
    :succeeded!::boolean[],
    :attemptedAt!::timestamptz[],
    :deviceIds::integer[]
  ) with ordinality
    as attempts (credential_id, succeeded, attempted_at, device_id, place)
  where succeeded is not null
),
folded as (
  select
    credential_id,
    count(*) filter (where succeeded) as succeeded,
    count(*) filter (where not succeeded) as failed,
    power(0.9::double precision, least(count(*), 500)) as kept,
    sum(0.1 * power(0.9::double precision, least(later_attempts, 500)))
      filter (where succeeded) as gained,
    least(max(attempted_at), date_trunc('milliseconds', now())) as last_used
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
followed as (
  select
    device_id,
    credential_id,
    succeeded,
    attempted_at,
    bool_or(succeeded) over (
      partition by device_id, credential_id
      order by attempted_at desc, place desc
    ) as success_since
  from attempts
),
on_devices as (
  select
    followed.device_id,
    followed.credential_id,
    bool_or(followed.succeeded) as succeeded,
    count(*) filter (where not followed.success_since) as failures,
    least(
      max(followed.attempted_at),
      date_trunc('milliseconds', now())
    ) as attempted_at
  from followed
  join present on present.id = followed.device_id
  join locked on locked.id = followed.credential_id
  group by followed.device_id, followed.credential_id
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
-- CredentialDependents tells first which devices will have none left.
-- Writes credentials.
delete from credentials
where id = :id!
returning id, username, priority, last_used, success_rate;
