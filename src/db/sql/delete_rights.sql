-- Takes one entry out of the list of rights of a mailbox. $1 account, $2 mailbox, $3 kind, $4 grantee, $5 negative
delete from aox.rights where account = $1 and mailbox = $2 and kind = $3 and grantee = $4 and negative = $5
