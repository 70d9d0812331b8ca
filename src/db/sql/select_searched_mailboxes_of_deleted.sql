-- The mailboxes out of which something can be taken back, deleted ones included, in order. Locks nothing.
-- $1 whose, null for everybody's, $2 the name that they have or had, null for any
select a.login, m.account, m.id, m.old_name, m.deleted_at, 0::bigint
from aox.accounts a join aox.mailboxes_of_deleted m on m.account = a.id
where m.holds_any and ($1::bigint is null or a.id = $1) and ($2::text is null or m.old_name = $2)
order by a.login_key, m.old_name, m.deleted_at nulls first, m.id
