-- migrate:up

-- All times of this schema are timestamptz(3): a JavaScript Date holds
-- milliseconds, so a time that was read can be handed back as a cursor and
-- compare equal. Defaults truncate, because rounding could reach past now().

create table tags (
  id integer generated always as identity primary key,
  name text collate "C" not null unique,
  type text not null default 'custom',
  constraint name_has_1_to_255_characters
    check (char_length(name) between 1 and 255)
);

comment on table tags is
  'Labels; a credential may open the devices it shares a tag with.';
comment on column tags.id is
  'Identity of the tag.';
comment on column tags.name is
  'What people call the tag; unique, case counts.';
comment on column tags.type is
  'What kind of label it is, such as site or role; custom when nobody said.';

-- migrate:down

drop table tags;
