-- How many messages the text index has not reached, counting uids. Locks nothing.
select coalesce(sum(m.uidnext - 1 - coalesce(t.uid, 0)), 0)::bigint
from aox.mailboxes m left join aox.text_mailboxes t on t.account = m.account and t.mailbox = m.id
where m.uidnext > coalesce(t.uid, 0) + 1
