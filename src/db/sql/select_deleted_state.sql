-- Where the deleted messages of a mailbox stand, be that deleted itself or not. Locks nothing. $1 account, $2 mailbox
select uidvalidity, deleted_uidnext, highestmodseq from aox.mailboxes where account = $1 and id = $2
