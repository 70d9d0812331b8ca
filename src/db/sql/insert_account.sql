-- Adds an account; no row when the login is taken. $1 login, $2 the same in lower case, $3 now.
insert into aox.accounts (login, login_key, created_at) values ($1, $2, $3)
on conflict (login_key) where state <> 2 do nothing
returning id
