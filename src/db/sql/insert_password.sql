-- Gives an account its password. $1 account, $2 argon2id, $3 SCRAM-SHA-256, $4 now.
insert into aox.credentials (account, argon2id, scram_sha_256, created_at) values ($1, $2, $3, $4)
