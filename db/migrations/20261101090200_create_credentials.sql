-- migrate:up

-- No check stands on this table: the server writes the whole failing row to
-- its log, and with it the password.
create table credentials (
  id integer generated always as identity primary key,
  username text not null,
  password text not null,
  priority integer not null default 100,
  last_used timestamptz(3),
  success_rate double precision not null default 1
)
-- Room in every page, so that CredentialAttemptRecord writes no index.
with (fillfactor = 70);

comment on table credentials is
  'Logins for devices; a device may be tried with those that share a tag.';
comment on column credentials.id is
  'Identity of the credential.';
comment on column credentials.username is
  'Name to log in with.';
comment on column credentials.password is
  'Sealed password; only CredentialSecretGet returns it.';
comment on column credentials.priority is
  'Place in the order of trying; lower is tried first.';
comment on column credentials.last_used is
  'When it was last tried on a device; null when it never was.';
comment on column credentials.success_rate is
  'Moving average of the outcomes, from 0 (all failed) to 1 (all succeeded); '
  'each attempt weighs a tenth.';

create table credential_tags (
  credential_id integer not null references credentials on delete cascade,
  tag_id integer not null references tags on delete cascade,
  primary key (credential_id, tag_id)
);

-- Serves CredentialMatch, CredentialMatchMany, DeviceList,
-- DeviceListWithoutCredential, TagList and the cascade of TagDelete.
create index credential_tags_tag_id_credential_id_idx
  on credential_tags (tag_id, credential_id);

comment on table credential_tags is
  'Which credential carries which tag.';
comment on column credential_tags.credential_id is
  'The credential that carries the tag.';
comment on column credential_tags.tag_id is
  'The tag that is carried.';

-- migrate:down

drop table credential_tags;
drop table credentials;
