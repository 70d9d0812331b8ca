-- How many messages a mailbox has. $1 account, $2 mailbox. Locks nothing.
select messages from aox.mailboxes where account = $1 and id = $2
