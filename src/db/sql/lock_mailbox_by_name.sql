-- A mailbox about to be deleted or renamed. $1 account, $2 name. Locks its row.
select id from aox.mailboxes where account = $1 and name = $2 and deleted_at is null for update
