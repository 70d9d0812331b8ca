-- The message that has a uid in a mailbox. Locks nothing.
-- $1 account, $2 mailbox, $3 uid
select message from aox.mailbox_messages where account = $1 and mailbox = $2 and uid = $3
