-- Gives an account its password, in place of the one it may have. $1 login in lower case, $2 argon2id, $3 SCRAM-SHA-256,
-- $4 SCRAM-SHA-1, $5 now.
insert into aox.credentials (account, argon2id, scram_sha_256, scram_sha_1, created_at)
    select a.id, $2, $3, $4, $5 from aox.accounts a where a.login_key = $1 and a.state <> 2 and a.kind = 0
on conflict (account) where name is null do update
    set argon2id = excluded.argon2id, scram_sha_256 = excluded.scram_sha_256, scram_sha_1 = excluded.scram_sha_1,
        created_at = excluded.created_at
