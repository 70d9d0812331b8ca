-- Mailboxes of an account with their counters, as select_mailbox_by_name does of one. $1 account, $2 names. Locks nothing.
select id, uidvalidity, uidnext, highestmodseq, first_recent_uid, messages, unseen, octets, deleted, name
from aox.mailboxes
where account = $1 and name = any ($2) and deleted_at is null
