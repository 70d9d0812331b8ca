-- An account. $1 its login in lower case. Locks nothing.
select id from aox.accounts where login_key = $1 and state <> 2
