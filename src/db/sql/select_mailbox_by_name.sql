-- A mailbox with its counters. $1 account, $2 name. Locks nothing.
select id, uidvalidity, uidnext, highestmodseq, first_recent_uid, messages, unseen, octets, deleted
from aox.mailboxes
where account = $1 and name = $2 and deleted_at is null
