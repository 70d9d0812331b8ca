-- Makes a uid the next one of a mailbox, unless it is past already. Locks the mailbox's row. $1 account, $2 mailbox, $3 uid
update aox.mailboxes set uidnext = $3 where account = $1 and id = $2 and uidnext <= $3
