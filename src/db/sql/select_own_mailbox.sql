-- A mailbox of one's own with its counters, and what keeps one from deleting there. $1 account, $2 name, $3 who acts
-- for the account. Locks nothing.
select id, uidvalidity, uidnext, highestmodseq, first_recent_uid, messages, unseen, octets, deleted,
    aox.delete_ban($3, account, id)
from aox.mailboxes
where account = $1 and name = $2 and deleted_at is null
