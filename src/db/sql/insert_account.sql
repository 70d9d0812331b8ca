-- Adds an account; no row when the login is taken. $1 login, $2 its key, $3 display name, $4 now.
insert into aox.accounts (login, login_key, display_name, created_at) values ($1, $2, $3, $4)
on conflict (login_key) where state <> 2 do nothing
returning id
