-- migrate:up

do $$
begin
  create table credential_attempts (
    device_id integer not null references devices on delete cascade,
    credential_id integer not null references credentials on delete cascade,
    failures integer not null,
    attempted_at timestamptz(3) not null,
    primary key (device_id, credential_id),
    constraint failures_is_not_negative
      check (failures >= 0)
  )
  -- Room in every page, so that CredentialAttemptRecord writes no index.
  with (fillfactor = 70);

  -- Serves CredentialPasswordSet and the cascade of CredentialDelete.
  create index credential_attempts_credential_id_idx
    on credential_attempts (credential_id);

  comment on table credential_attempts is
    'How the last attempts with a credential on a device went: too many '
    'failures in a row keep it from being tried there for a while.';
  comment on column credential_attempts.device_id is
    'The device that was tried.';
  comment on column credential_attempts.credential_id is
    'The credential it was tried with.';
  comment on column credential_attempts.failures is
    'Failures in a row up to the last attempt; 0 when that succeeded.';
  comment on column credential_attempts.attempted_at is
    'When the last attempt was made.';
end
$$;

-- migrate:down

drop table credential_attempts;
