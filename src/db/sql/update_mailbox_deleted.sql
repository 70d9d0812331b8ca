-- Marks a mailbox as deleted; its messages have become tombstones. $1 account, $2 mailbox.
update aox.mailboxes set deleted_at = now() where account = $1 and id = $2
