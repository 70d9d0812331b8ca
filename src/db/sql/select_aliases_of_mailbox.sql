-- The addresses whose mail goes to a mailbox. $1 account, $2 mailbox. Locks nothing.
select localpart, domain from aox.aliases where account = $1 and mailbox = $2
