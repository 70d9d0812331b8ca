-- Replaces an account's own password. $1 login in lower case, $2 argon2id, $3 SCRAM-SHA-256, $4 now.
update aox.credentials c set argon2id = $2, scram_sha_256 = $3, created_at = $4
from aox.accounts a
where a.login_key = $1 and a.state <> 2 and c.account = a.id and c.name is null
