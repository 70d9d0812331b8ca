-- Makes mail for an address go to a mailbox. $1 local-part, $2 its key, $3 domain, $4 account, $5 mailbox, $6 whether
-- the address is one that the user has. Adds nothing when it does so already.
insert into aox.aliases (localpart, localpart_key, domain, account, mailbox, own) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
