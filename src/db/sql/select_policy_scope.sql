-- The account of a login, and whether it has a mailbox of a name or one below that. $1 key of the
-- login, $2 the mailbox, null for none. Locks nothing.
select a.id, $2::text is null or exists (
    select from aox.mailboxes m
    where m.account = a.id and m.deleted_at is null and (m.name = $2 or starts_with(m.name, $2 || '/')))
from aox.accounts a
where a.login_key = $1 and a.state <> 2
