-- Tags label devices and credentials. A credential opens the devices that share
-- a tag with it.

/* @name TagInsert */
-- Creates a tag.
-- :type Defaults to custom.
-- Returns Tag.
-- Writes tags.
insert into tags (name, type)
values (:name!, coalesce(:type::text, 'custom'))
returning id, name, type;

/* @name TagEnsure */
-- Creates the tags that do not exist and returns all named tags. Types are
-- matched to names by position; an existing tag keeps its type. Names are
-- processed in order, so that concurrent calls cannot deadlock.
-- :types[?] Type of each name. Custom if null.
-- Returns Tag.
-- Writes tags.
select
  id as "id!",
  name as "name!",
  type as "type!"
from tags_ensure(:names!::text[], :types::text[])
order by name;

/* @name TagGet */
-- Returns Tag.
-- Reads.
select id, name, type
from tags
where id = :id!;

/* @name TagGetByName */
-- Returns Tag.
-- Reads.
select id, name, type
from tags
where name = :name!;

/* @name TagList */
-- Lists tags by name, with the numbers of devices and credentials that carry
-- each.
-- :type Only tags of this type.
-- :afterId The id of the last row of the previous page.
-- :afterName The name of the last row of the previous page.
-- :limit Maximum rows to return.
-- .deviceCount Number of devices that carry the tag.
-- .credentialCount Number of credentials that carry the tag.
-- Reads.
select
  id,
  name,
  type,
  (
    select count(*)::integer
    from device_tags
    where device_tags.tag_id = tags.id
  ) as "device_count!",
  (
    select count(*)::integer
    from credential_tags
    where credential_tags.tag_id = tags.id
  ) as "credential_count!"
from tags
where
  (name, id) > (coalesce(:afterName::text, ''), coalesce(:afterId::integer, 0))
  and (:type::text is null or type = :type)
order by name, id
limit :limit!::integer;

/* @name TagUpdate */
-- Changes the given fields and keeps the others.
-- :name Defaults to the current name.
-- :type Defaults to the current type.
-- Returns Tag.
-- Writes tags.
update tags
set
  name = coalesce(:name, name),
  type = coalesce(:type, type)
where id = :id!
returning id, name, type;

/* @name TagDelete */
-- Deletes a tag and removes it from everything that carries it.
-- Returns Tag.
-- Writes tags.
delete from tags
where id = :id!
returning id, name, type;
