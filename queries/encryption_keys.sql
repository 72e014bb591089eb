-- The keys that encrypt columns now or did so earlier: ids and check values,
-- never the keys themselves.

/* @name EncryptionKeyInsert */
-- Records keys that are not known yet. Arrays are matched by position. Returns
-- the keys that this call recorded.
-- Internal: a step of vaultOf.
-- Writes encryption_keys.
insert into encryption_keys (key_id, check_value)
select key_id, check_value
from unnest(:keyIds!::text[], :checkValues!::text[])
  as given (key_id, check_value)
order by key_id
on conflict (key_id) do nothing
returning key_id;

/* @name EncryptionKeyList */
-- Lists all keys, oldest first, with the number of rows that each key encrypts.
-- A row without a key was stored before keys existed.
-- Returns EncryptionKey.
-- Internal: a step of keysStatus.
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
-- Retires a key. Fails with a ConstraintError while a row is encrypted with it.
-- Returns no row if the key is already retired or unknown.
-- Internal: a step of keysRetire.
-- Writes encryption_keys.
update encryption_keys
set retired_at = date_trunc('milliseconds', now())
where
  key_id = :keyId!
  and retired_at is null
returning key_id, created_at, retired_at as "retired_at!";
