-- Sets one entry of the list of rights of a mailbox. $1 account, $2 mailbox, $3 kind, $4 grantee, $5 negative, $6 rights
insert into aox.rights (account, mailbox, kind, grantee, negative, rights) values ($1, $2, $3, $4, $5, $6)
on conflict (account, mailbox, kind, grantee, negative) do update set rights = excluded.rights
