-- What was deleted in a mailbox, by the name that its owner has for that, with its counters. Locks nothing.
-- $1 account, $2 name
select b.id, b.uidvalidity, b.deleted_uidnext, b.highestmodseq, b.deleted_uidnext, t.messages, t.unseen, t.octets, 0::bigint
from aox.mailboxes_of_deleted m
    join aox.mailboxes b on b.account = m.account and b.id = m.id
    cross join lateral (
        select count(*) as messages, count(*) filter (where flags & 1 = 0) as unseen,
            coalesce(sum(octets), 0)::bigint as octets
        from aox.tombstones
        where account = m.account and mailbox = m.id and deleted_uid is not null and message is not null
    ) t
where m.account = $1 and m.name = $2
