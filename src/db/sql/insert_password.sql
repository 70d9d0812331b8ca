-- Gives an account its password. $1 account, $2 argon2id, $3 SCRAM-SHA-256, $4 SCRAM-SHA-1, $5 now.
insert into aox.credentials (account, argon2id, scram_sha_256, scram_sha_1, created_at) values ($1, $2, $3, $4, $5)
