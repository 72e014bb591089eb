/* @name EncryptionKeyInsert */
-- The keys that sealed columns were or are sealed with, and a way to tell them
-- apart: never the keys themselves.
-- Notes keys that are not known yet; the arrays go together by position.
-- Returns those that this call noted.
-- Writes encryption_keys.
insert into encryption_keys (key_id, check_value)
select key_id, check_value
from unnest(:keyIds!::text[], :checkValues!::text[])
  as given (key_id, check_value)
order by key_id
on conflict (key_id) do nothing
returning key_id;

/* @name EncryptionKeyList */
-- Every key, the oldest first, with the number of rows that it seals. A row
-- without a key was stored before there were keys.
-- Reads.
select
  key_id,
  created_at,
  retired_at,
  check_value,
  (
    select count(*)
    from credentials
    where credentials.key_id = encryption_keys.key_id
  ) as "credentials!"
from encryption_keys
order by created_at, key_id;

/* @name EncryptionKeyRetire */
-- Gives a key up. A ConstraintError while a row is sealed with it; no row comes
-- back where it is retired already, or unknown.
-- Writes encryption_keys.
update encryption_keys
set retired_at = date_trunc('milliseconds', now())
where
  key_id = :keyId!
  and retired_at is null
returning key_id, created_at, retired_at as "retired_at!";
