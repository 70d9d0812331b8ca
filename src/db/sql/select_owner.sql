-- The account whose mailboxes others find under its login. $1 login in lower case, $2 who looks. Locks nothing.
select id from aox.accounts where login_key = $1 and state <> 2 and id <> $2
