-- Gives a new mailbox the rights that are in the nearest mailbox above it. $1 account, $2 the new one, $3 the names above it
insert into aox.rights (account, mailbox, kind, grantee, negative, rights)
select r.account, $2, r.kind, r.grantee, r.negative, r.rights
from (
    select id from aox.mailboxes
    where account = $1 and name = any ($3) and deleted_at is null
    order by length(name) desc
    limit 1
) above
    join aox.rights r on r.account = $1 and r.mailbox = above.id
