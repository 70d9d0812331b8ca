-- The account of a user who may log in. Locks nothing. $1 the login in lower case
select id from aox.accounts where login_key = $1 and state = 0
