-- migrate:up

do $$
begin
  -- The check of a domain names no value when it fails, the check of a table
  -- prints the whole row. Not valid: rows from before keep what they have.
  create domain sealed_text as text;
  comment on domain sealed_text is
    'An envelope: nr1, the key''s id and the sealed text, joined by dots. Every '
    'column of this type is re-sealed when keys rotate.';

  alter table credentials
    alter column password type sealed_text,
    -- For the rows that are there; from now on the client makes it.
    add column uuid uuid not null default gen_random_uuid() unique,
    add column succeeded bigint not null default 0,
    add column failed bigint not null default 0,
    add column key_id text collate "C"
      generated always as
      (substring(password from '^nr1\.([a-z0-9_-]+)\.')) stored,
    add column key_live boolean not null generated always as (true) stored;
  alter table credentials
    alter column uuid drop default,
    add foreign key (key_id, key_live)
      references encryption_keys (key_id, live) on delete no action;
  alter domain sealed_text
    add constraint sealed_text_is_an_envelope
      check (
        value ~ '^nr1\.[a-z0-9][a-z0-9_-]{0,62}\.[A-Za-z0-9_-]{38,}$'
      ) not valid;

  -- Serves CredentialResealList, EncryptionKeyList and the reference.
  create index credentials_key_id_key_live_id_idx
    on credentials (key_id, key_live, id);

  comment on column credentials.password is
    'Sealed password; only CredentialSecretGet and the rotation of keys read it.';
  comment on column credentials.uuid is
    'Identity that the sealed password is bound to, made by the client; never '
    'changes.';
  comment on column credentials.succeeded is
    'How many attempts on devices succeeded.';
  comment on column credentials.failed is
    'How many attempts on devices failed.';
  comment on column credentials.key_id is
    'Key that the password is sealed with, read from its envelope; null for a '
    'password from before there were keys, which nothing opens.';
  comment on column credentials.key_live is
    'Always true: makes the reference one to a key that is not retired.';
end
$$;

-- migrate:down

do $$
begin
  alter table credentials
    drop column key_live,
    drop column key_id,
    drop column failed,
    drop column succeeded,
    drop column uuid,
    alter column password type text;
  drop domain sealed_text;
  comment on column credentials.password is
    'Sealed password; only CredentialSecretGet returns it.';
end
$$;
