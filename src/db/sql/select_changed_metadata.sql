-- Which entries have changed since a number, of the server and of mailboxes that are there, with the names of these and
-- the logins of their owners. $1 account, $2 the number. Locks nothing.
select m.mailbox, b.name, a.login, m.reader, m.entry, m.version, m.changed_by
from aox.metadata m
    join aox.accounts a on a.id = m.account
    left join aox.mailboxes b on b.account = m.account and b.id = m.mailbox and b.deleted_at is null
where m.account = $1 and m.version > $2 and (m.mailbox = 0 or b.id is not null)
order by m.version, m.entry
