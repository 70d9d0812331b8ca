-- Locks the row of a mailbox, be it deleted or not, and reads where it stands. $1 account, $2 mailbox
select uidvalidity, uidnext, highestmodseq, deleted_at is null
from aox.mailboxes
where account = $1 and id = $2
for no key update
