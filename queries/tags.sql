/* @name TagInsert */
-- Tags label devices and credentials, and so say which opens which.
-- Makes a tag; its type is custom unless told.
-- Writes tags.
insert into tags (name, type)
values (:name!, coalesce(:type::text, 'custom'))
returning id, name, type;

/* @name TagEnsure */
-- Makes the tags that do not exist yet and returns all that were named.
-- Types go with the names by position, custom where null or absent; a tag that
-- exists keeps its own. Names are taken in order, so that two calls at once
-- cannot block each other.
-- Writes tags.
with given as (
  select
    name,
    min(type) as type
  from unnest(:names!::text[], :types::text[]) as given (name, type)
  group by name
),
known as (
  select id, name, type
  from tags
  where name = any(:names!::text[])
),
made as (
  insert into tags (name, type)
  select
    name,
    coalesce(type, 'custom')
  from given
  where name not in (select name from known)
  order by name
  on conflict (name) do update set type = tags.type
  returning id, name, type
)
select
  id as "id!",
  name as "name!",
  type as "type!"
from (table known union all table made) as wanted
order by name;

/* @name TagGet */
-- Reads.
select id, name, type
from tags
where id = :id!;

/* @name TagGetByName */
-- Reads.
select id, name, type
from tags
where name = :name!;

/* @name TagList */
-- Tags by name, with the number of devices and credentials that carry each.
-- Without a type: of all types.
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
-- Changes what is given and leaves the rest.
-- Writes tags.
update tags
set
  name = coalesce(:name, name),
  type = coalesce(:type, type)
where id = :id!
returning id, name, type;

/* @name TagDelete */
-- Takes the tag off everything that carries it.
-- Writes tags.
delete from tags
where id = :id!
returning id, name, type;
