-- Gives an application a password; does nothing when the name is taken. $1 account, $2 name, $3 SHA-256, $4 now.
insert into aox.credentials (account, name, token_sha_256, created_at) values ($1, $2, $3, $4)
on conflict (account, name) where name is not null do nothing
