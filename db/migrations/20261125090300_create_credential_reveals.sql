-- migrate:up

do $$
begin
  create table credential_reveals (
    id bigint generated always as identity primary key,
    -- No reference: the trail outlives the credential, whose id never comes back.
    credential_id integer not null,
    username text not null,
    revealed_by text not null,
    reason text not null,
    revealed_at timestamptz(3) not null
      default date_trunc('milliseconds', now()),
    constraint revealed_by_is_not_empty
      check (revealed_by <> ''),
    constraint reason_is_not_empty
      check (reason <> '')
  );

  -- Serves CredentialRevealList of one credential.
  create index credential_reveals_credential_id_id_idx
    on credential_reveals (credential_id, id);

  comment on table credential_reveals is
    'Who asked for a password in the clear, when and why; rows are only added.';
  comment on column credential_reveals.id is
    'Identity of the entry; a higher one was made later.';
  comment on column credential_reveals.credential_id is
    'The credential whose password was asked for; it may be gone by now.';
  comment on column credential_reveals.username is
    'The credential''s name to log in with, as it was then.';
  comment on column credential_reveals.revealed_by is
    'Who asked: a person or a service.';
  comment on column credential_reveals.reason is
    'Why, in the words of who asked.';
  comment on column credential_reveals.revealed_at is
    'When.';
end
$$;

-- migrate:down

drop table credential_reveals;
