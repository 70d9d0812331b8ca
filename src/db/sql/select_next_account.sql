-- The account after $1. Locks nothing.
select id, login from aox.accounts where id > $1 order by id limit 1
