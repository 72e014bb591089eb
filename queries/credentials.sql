/* @name CredentialInsert */
-- Credentials are logins; only CredentialSecretGet returns a sealed password.
-- Makes a credential with its tags; tags that do not exist are made.
with inserted as (
  insert into credentials (username, password, priority)
  values (:username!, :password!, coalesce(:priority::integer, 100))
  returning id, username, priority, last_used, success_rate
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
  username,
  priority,
  last_used,
  success_rate,
  array(select name from given order by name) as "tags!"
from inserted;

/* @name CredentialGet */
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
where credentials.id = :id!;

/* @name CredentialSecretGet */
-- The sealed password, for the moment of use.
select
  id,
  username,
  password
from credentials
where id = :id!;

/* @name CredentialList */
-- Credentials in the order of trying.
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
-- tags that they share.
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
where device_tags.device_id = :deviceId!
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
-- the best of its tags, and no tag needs to give more than a device can take.
with placed as (
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
  where
    device_tags.device_id = any(:deviceIds!::integer[])
    and best.rank <= :perDevice!::integer
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
-- Changes what is given and leaves the rest; the password comes sealed.
-- Only CredentialAttemptRecord moves success_rate and last_used.
update credentials
set
  username = coalesce(:username, username),
  password = coalesce(:password, password),
  priority = coalesce(:priority, priority)
where id = :id!
returning id, username, priority, last_used, success_rate;

/* @name CredentialAttemptRecord */
-- Takes in the outcomes of many attempts, in the order of their times, as
-- success_rate * 0.9 + 0.1 for a success and * 0.9 for a failure. The arrays
-- go together by position; returns the credentials that exist.
-- One update of the current row folds all attempts in, so none is lost
-- to a writer at the same time. Rows are locked by id first and waited for:
-- two calls at once cannot block each other, and skipping would lose attempts.
-- A time in the future counts as now. A rate below a millionth of a millionth
-- is 0, and powers end at 500: smaller numbers underflow, which is an error.
with attempts as (
  select
    credential_id,
    succeeded,
    attempted_at,
    row_number() over (
      partition by credential_id
      order by attempted_at desc, place desc
    ) - 1 as later_attempts
  from unnest(
    :credentialIds!::integer[],
    :succeeded!::boolean[],
    :attemptedAt!::timestamptz[]
  ) with ordinality
    as attempts (credential_id, succeeded, attempted_at, place)
  where succeeded is not null
),
folded as (
  select
    credential_id,
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
)
update credentials
set
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
  credentials.last_used;

/* @name CredentialDelete */
-- CredentialDependents tells first which devices will have none left.
delete from credentials
where id = :id!
returning id, username, priority, last_used, success_rate;
