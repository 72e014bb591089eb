-- Credential tags say which credential carries which tag.

/* @name CredentialTagSet */
-- Replaces the tags of each credential, creating tags that do not exist.
-- Returns the credentials that exist, each with its tags. Two concurrent calls
-- for one credential may leave it with the tags of both.
-- :tagNames All tags that each credential is to have.
-- .tags[!] Names of its tags, sorted.
-- Returns CredentialTags.
-- Writes tags, credential_tags.
with wanted as (
  select tags_ensure(:tagNames!::text[]) as tag
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
    and tag_id not in (select (tag).id from wanted)
),
added as (
  insert into credential_tags (credential_id, tag_id)
  select
    found.id,
    (wanted.tag).id
  from found
  cross join wanted
  order by 1, 2
  on conflict do nothing
)
select
  id as credential_id,
  array(select (tag).name from wanted order by 1) as "tags!"
from found
order by id;

/* @name CredentialTagAdd */
-- Adds the tags to each credential, creating tags that do not exist. Returns
-- the credentials that exist, each with its tags.
-- Returns CredentialTags.
-- Writes tags, credential_tags.
with wanted as (
  select tags_ensure(:tagNames!::text[]) as tag
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
    (wanted.tag).id
  from found
  cross join wanted
  order by 1, 2
  on conflict do nothing
)
select
  id as credential_id,
  array(
    select (tag).name
    from wanted
    union
    select name
    from unnest(names) as had (name)
    order by name
  ) as "tags!"
from found
cross join credential_tag_names(id) as names
order by id;

/* @name CredentialTagRemove */
-- Removes the tags from each credential. Returns the credentials that exist,
-- each with its remaining tags.
-- Returns CredentialTags.
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
