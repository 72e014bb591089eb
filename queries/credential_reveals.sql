/* @name CredentialRevealList */
-- Who asked for a password in the clear: CredentialSecretGet adds the entries.
-- Newest first; of one credential, or of all.
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
