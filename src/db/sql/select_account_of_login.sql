-- The account of a login; of those that were deleted the last one, if there is no other. Locks nothing.
-- $1 the login in lower case
select id, login, state = 2 from aox.accounts where login_key = $1 order by state = 2, deleted_at desc limit 1
