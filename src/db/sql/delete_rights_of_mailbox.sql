-- Takes back all that was given in a mailbox. $1 account, $2 mailbox
delete from aox.rights where account = $1 and mailbox = $2
