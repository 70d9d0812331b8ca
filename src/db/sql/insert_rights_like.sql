-- Gives in a mailbox what was given in another one. $1 account, $2 the other one, $3 the mailbox
insert into aox.rights (account, mailbox, kind, grantee, negative, rights)
select account, $3, kind, grantee, negative, rights
from aox.rights
where account = $1 and mailbox = $2
