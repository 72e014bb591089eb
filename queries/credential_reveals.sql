-- Audit log of passwords that were read in clear text. CredentialSecretGet adds
-- the entries.

/* @name CredentialRevealList */
-- Lists entries of one credential or of all, newest first.
-- :credentialId Only of this credential.
-- :afterId The id of the last row of the previous page.
-- :limit Maximum rows to return.
-- Returns CredentialReveal.
-- Reads.
select
  id,
  credential_id,
  username,
  revealed_by,
  reason,
  revealed_at
from credential_reveals
where
  (:credentialId::integer is null or credential_id = :credentialId)
  and id < coalesce(:afterId::bigint, 9223372036854775807)
order by id desc
limit :limit!::integer;
