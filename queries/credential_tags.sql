/* @name CredentialTagSet */
-- Credential tags say which credential carries which tag.
-- Gives every credential exactly these tags, making the ones that do not
-- exist. Returns the credentials that exist, each with its tags. Of two calls
-- at once for one credential the result may hold the tags of both.
-- Writes tags, credential_tags.
with given as (
  select distinct name
  from unnest(:tagNames!::text[]) as given (name)
),
known as (
  select id, name
  from tags
  where name = any(:tagNames!::text[])
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
found as (
  select id
  from credentials
  where id = any(:credentialIds!::integer[])
),
removed as (
  delete from credential_tags
  where
    credential_id = any(:credentialIds!::integer[])
    and tag_id not in (select id from wanted)
),
added as (
  insert into credential_tags (credential_id, tag_id)
  select
    found.id,
    wanted.id
  from found
  cross join wanted
  order by found.id, wanted.id
  on conflict do nothing
)
select
  id as credential_id,
  array(select name from wanted order by name) as "tags!"
from found
order by id;

/* @name CredentialTagAdd */
-- Adds the tags to every credential, making the ones that do not exist. Returns
-- the credentials that exist, each with its tags.
-- Writes tags, credential_tags.
with given as (
  select distinct name
  from unnest(:tagNames!::text[]) as given (name)
),
known as (
  select id, name
  from tags
  where name = any(:tagNames!::text[])
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
found as (
  select id
  from credentials
  where id = any(:credentialIds!::integer[])
),
added as (
  insert into credential_tags (credential_id, tag_id)
  select
    found.id,
    wanted.id
  from found
  cross join wanted
  order by found.id, wanted.id
  on conflict do nothing
)
select
  id as credential_id,
  array(
    select name
    from given
    union
    select tags.name
    from credential_tags
    join tags on tags.id = credential_tags.tag_id
    where credential_tags.credential_id = found.id
    order by name
  ) as "tags!"
from found
order by id;

/* @name CredentialTagRemove */
-- Takes the tags off every credential. Returns the credentials that exist, each
-- with the tags it keeps.
-- Writes credential_tags.
with removed as (
  delete from credential_tags
  where
    credential_id = any(:credentialIds!::integer[])
    and tag_id in (select id from tags where name = any(:tagNames!::text[]))
)
select
  id as credential_id,
  array(
    select tags.name
    from credential_tags
    join tags on tags.id = credential_tags.tag_id
    where
      credential_tags.credential_id = credentials.id
      and tags.name <> all(:tagNames!::text[])
    order by tags.name
  ) as "tags!"
from credentials
where id = any(:credentialIds!::integer[])
order by id;
