-- The account's mailboxes end; their rows stay, because tombstones name them. $1 account, $2 now.
update aox.mailboxes set deleted_at = $2 where account = $1 and deleted_at is null
