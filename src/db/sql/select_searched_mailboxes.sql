-- The mailboxes that a search by an administrator goes through, in order. Locks nothing.
-- $1 whose, null for everybody's, $2 the name, null for any
select a.login, m.account, m.id, m.name, null::timestamptz, m.messages::bigint
from aox.accounts a join aox.mailboxes m on m.account = a.id
where a.state <> 2 and m.deleted_at is null and ($1::bigint is null or a.id = $1) and ($2::text is null or m.name = $2)
order by a.login_key, m.name
