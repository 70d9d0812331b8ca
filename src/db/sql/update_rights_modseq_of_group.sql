-- Notes that the rights have changed in every mailbox where a group has some, because its members are other ones.
-- $1 group. Returns the mailboxes and the modseqs of that. Locks their rows, in the order of their keys.
with locked as materialized (
    select b.account, b.id
    from aox.mailboxes b
    where exists (
        select from aox.rights r where r.kind = 3 and r.grantee = $1 and r.account = b.account and r.mailbox = b.id
    )
    order by b.account, b.id
    for no key update
)
update aox.mailboxes b
set highestmodseq = b.highestmodseq + 1, rights_modseq = b.highestmodseq + 1
from locked l
where b.account = l.account and b.id = l.id
returning b.account, b.id, b.highestmodseq
