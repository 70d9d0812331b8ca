-- Where a mailbox stands: what a snapshot or a change of it is labelled with. Locks nothing.
-- $1 account, $2 mailbox
select uidvalidity, uidnext, highestmodseq, first_recent_uid, rights_modseq, seen_per_user
from aox.mailboxes
where account = $1 and id = $2 and deleted_at is null
