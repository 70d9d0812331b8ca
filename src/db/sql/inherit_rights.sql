-- Gives new mailboxes the rights that are in the nearest mailbox above them that is not new. They lie on one path.
-- $1 account, $2 names of the new ones, $3 all names on the path
insert into aox.rights (account, mailbox, kind, grantee, negative, rights)
select n.account, n.id, r.kind, r.grantee, r.negative, r.rights
from (
    select id from aox.mailboxes
    where account = $1 and name = any ($3) and name <> all ($2) and deleted_at is null
    order by length(name) desc
    limit 1
) above
    join aox.rights r on r.account = $1 and r.mailbox = above.id
    join aox.mailboxes n on n.account = $1 and n.name = any ($2) and n.deleted_at is null
