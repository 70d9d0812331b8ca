-- The accounts of a login, the one that is there first, then from the last that was deleted on.
-- Locks the rows. $1 the login in lower case
select id, login, state = 2, deleted_at from aox.accounts
where login_key = $1 and kind = 0
order by state = 2, deleted_at desc
for update
