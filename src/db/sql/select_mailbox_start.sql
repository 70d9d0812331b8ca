-- Where the numbers of new messages begin in a mailbox. $1 account, $2 mailbox. Locks nothing.
select uidvalidity, uidnext, highestmodseq from aox.mailboxes where account = $1 and id = $2 and deleted_at is null
