-- Keeps a mailbox as it is for a writer who is not its owner: nobody changes the rights in it meanwhile. Locks its row as
-- every writer does. $1 account, $2 mailbox
select id from aox.mailboxes where account = $1 and id = $2 for no key update
