-- How many messages of a mailbox have a uid from some on. $1 account, $2 mailbox, $3 uid. Locks nothing.
select count(*) from aox.mailbox_messages where account = $1 and mailbox = $2 and uid >= $3
