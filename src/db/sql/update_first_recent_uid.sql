-- Remembers that messages below a uid are \Recent to nobody any more. Locks the mailbox's row.
-- $1 account, $2 mailbox, $3 uid
update aox.mailboxes
set first_recent_uid = $3
where account = $1 and id = $2 and first_recent_uid < $3
