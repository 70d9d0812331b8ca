-- Puts messages of one mailbox into another one, in the order of their uids. Returns the copies, each with the uid it was
-- copied from. Nobody may see them before count_copied.sql has counted them, and nobody else may give these uids out
-- meanwhile. A message belongs to one account, so that another account has got messages of its own before that stand for
-- these.
-- $1 account, $2 source, $3 and $4 first and last uids, side by side, $5 target, $6 and $7 keyword ids of the source and
-- of the target, side by side, $8 system flags that the copies may have, $9 the target's account, $10 and $11 messages
-- and those that stand for them there, side by side; none within one account; $12 the first uid of the copies, $13 their
-- modseq
with copies as materialized (
    select $12::bigint - 1 + row_number() over (order by m.uid) as uid,
        coalesce(a.new_id, m.message) as message, $13::bigint as modseq, m.flags & $8::smallint as flags,
        case when m.keywords is not null then (
            select array_agg(n.new_id order by n.new_id)
            from unnest($6::integer[], $7::integer[]) n (old_id, new_id)
            where n.old_id = any (m.keywords)
        ) end as keywords,
        m.internal_date, m.internal_zone, m.octets, m.uid as source_uid
    from unnest($3::bigint[], $4::bigint[]) r (uid_first, uid_last)
        cross join lateral (
            select * from aox.mailbox_messages
            where account = $1 and mailbox = $2 and uid between r.uid_first and r.uid_last
            offset 0
        ) m
        left join unnest($10::bigint[], $11::bigint[]) a (old_id, new_id) on a.old_id = m.message
), copied as (
    insert into aox.mailbox_messages
        (account, mailbox, uid, message, modseq, flags, keywords, internal_date, internal_zone, octets, saved_at)
    select $9, $5, uid, message, modseq, flags, keywords, internal_date, internal_zone, octets, now()
    from copies
)
select uid, message, modseq, flags, keywords, internal_date, internal_zone, octets, source_uid
from copies
order by uid
