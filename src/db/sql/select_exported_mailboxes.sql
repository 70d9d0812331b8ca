-- The mailboxes of an account, or the one with a name. $1 the login in lower case, $2 the name or null. Locks nothing.
select m.account, m.id, m.name
from aox.accounts a join aox.mailboxes m on m.account = a.id
where a.login_key = $1 and a.state <> 2 and m.deleted_at is null and ($2::text is null or m.name = $2)
order by m.name collate "C"
