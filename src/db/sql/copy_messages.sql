-- Puts messages of one mailbox into another one, in the order of their uids, and counts. Returns the copies, each with
-- the uid it was copied from. The target's row must be locked before. A message belongs to one account, so that another
-- account has got messages of its own before that stand for these.
-- $1 account, $2 source, $3 and $4 first and last uids, side by side, $5 target, $6 and $7 keyword ids of the source and
-- of the target, side by side, $8 system flags that the copies may have, $9 the target's account, $10 and $11 messages
-- and those that stand for them there, side by side; none within one account
with copies as materialized (
    select b.uidnext - 1 + row_number() over (order by m.uid) as uid,
        coalesce(a.new_id, m.message) as message, b.highestmodseq + 1 as modseq, m.flags & $8::smallint as flags,
        case when m.keywords is not null then (
            select array_agg(n.new_id order by n.new_id)
            from unnest($6::integer[], $7::integer[]) n (old_id, new_id)
            where n.old_id = any (m.keywords)
        ) end as keywords,
        m.internal_date, m.internal_zone, m.octets, m.uid as source_uid
    from aox.mailboxes b,
        unnest($3::bigint[], $4::bigint[]) r (uid_first, uid_last)
            cross join lateral (
                select * from aox.mailbox_messages
                where account = $1 and mailbox = $2 and uid between r.uid_first and r.uid_last
                offset 0
            ) m
            left join unnest($10::bigint[], $11::bigint[]) a (old_id, new_id) on a.old_id = m.message
    where b.account = $9 and b.id = $5
), copied as (
    insert into aox.mailbox_messages
        (account, mailbox, uid, message, modseq, flags, keywords, internal_date, internal_zone, octets, saved_at)
    select $9, $5, uid, message, modseq, flags, keywords, internal_date, internal_zone, octets, now()
    from copies
), counted as (
    update aox.mailboxes b
    set uidnext = b.uidnext + c.messages, highestmodseq = b.highestmodseq + 1,
        messages = b.messages + c.messages, unseen = b.unseen + c.unseen,
        deleted = b.deleted + c.deleted, octets = b.octets + c.octets
    from (
        select count(*) as messages, count(*) filter (where flags & 1 = 0) as unseen,
            count(*) filter (where flags & 8 <> 0) as deleted, coalesce(sum(octets), 0) as octets
        from copies
    ) c
    where b.account = $9 and b.id = $5 and c.messages > 0
)
select uid, message, modseq, flags, keywords, internal_date, internal_zone, octets, source_uid
from copies
order by uid
