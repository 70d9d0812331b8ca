-- The key of a user for a mailbox. Locks nothing. $1 the user's account, $2 the account that has the mailbox, $3 mailbox
select key from aox.url_keys where account = $1 and owner = $2 and mailbox = $3
