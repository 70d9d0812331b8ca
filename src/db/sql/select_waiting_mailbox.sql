-- The next mailbox with messages that the text index has not reached. Locks nothing.
-- $1 account, $2 mailbox: the one before it
select m.account, m.id, coalesce(t.uid, 0), m.uidnext
from aox.mailboxes m left join aox.text_mailboxes t on t.account = m.account and t.mailbox = m.id
where m.uidnext > coalesce(t.uid, 0) + 1 and (m.account, m.id) > ($1, $2)
order by m.account, m.id
limit 1
