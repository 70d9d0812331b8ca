-- The mailboxes of others that somebody may look up, with what he may do there, and what keeps him from deleting. Found
-- by way of what he was given. $1 who, $2 whether anonymous, $3 who acts for him. Locks nothing.
select a.login, m.name, g.rights, aox.delete_ban($3, g.account, g.mailbox)
from (
    select r.account, r.mailbox,
        coalesce(bit_or(r.rights) filter (where not r.negative), 0)
            & ~coalesce(bit_or(r.rights) filter (where r.negative), 0) as rights
    from aox.identities($1, $2) i
        join aox.rights r on r.kind = i.kind and r.grantee = i.grantee
    where r.account <> $1
    group by r.account, r.mailbox
) g
    join aox.mailboxes m on m.account = g.account and m.id = g.mailbox and m.deleted_at is null
    join aox.accounts a on a.id = g.account and a.state <> 2
where g.rights & 1 <> 0
