-- The login of an account. $1 account. Locks nothing.
select login from aox.accounts where id = $1
