-- Mailboxes with their counters. $1 a login in lower case, or null for everybody's. Locks nothing.
select a.login, m.name, m.messages, m.unseen, m.octets, m.special_use, null::timestamptz
from aox.accounts a join aox.mailboxes m on m.account = a.id
where a.state <> 2 and m.deleted_at is null and ($1::text is null or a.login_key = $1)
order by a.login_key, m.name
