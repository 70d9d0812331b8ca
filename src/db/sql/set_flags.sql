-- Gives messages of one mailbox new flags, counts, and logs which changed; returns those. A message whose flags stay
-- as they are is not written, and when all stay, no modseq is used. The mailbox's row must be locked before.
-- $1 account, $2 mailbox, $3 and $4 first and last uids, side by side, $5 system flags that stay, $6 system flags that
-- are added, $7 what happens to the keywords: 0 nothing, 1 $8 replaces them, 2 $8 is added, 3 $8 is removed
with wanted as materialized (
    select m.uid, m.flags, m.keywords,
        ((m.flags & $5::smallint) | $6::smallint)::smallint as new_flags,
        case $7::smallint
            when 0 then m.keywords
            when 1 then nullif($8::integer[], '{}')
            when 2 then (select array_agg(distinct k order by k) from unnest(m.keywords || $8::integer[]) k)
            else (select array_agg(k order by k) from unnest(m.keywords) k where k <> all ($8::integer[]))
        end as new_keywords
    from unnest($3::bigint[], $4::bigint[]) r (uid_first, uid_last)
        join aox.mailbox_messages m
            on m.account = $1 and m.mailbox = $2 and m.uid between r.uid_first and r.uid_last
), changed as (
    update aox.mailbox_messages m
    set modseq = b.highestmodseq + 1, flags = w.new_flags, keywords = w.new_keywords
    from wanted w, aox.mailboxes b
    where m.account = $1 and m.mailbox = $2 and m.uid = w.uid
        and b.account = $1 and b.id = $2
        and (w.new_flags <> w.flags or w.new_keywords is distinct from w.keywords)
    returning m.uid, m.modseq, m.flags, m.keywords, w.flags as old_flags
), counted as (
    update aox.mailboxes b
    set highestmodseq = b.highestmodseq + 1, unseen = b.unseen + c.unseen, deleted = b.deleted + c.deleted
    from (
        select count(*) as messages,
            coalesce(sum((old_flags & 1) - (flags & 1)), 0) as unseen,
            coalesce(sum(((flags & 8) - (old_flags & 8)) / 8), 0) as deleted
        from changed
    ) c
    where b.account = $1 and b.id = $2 and c.messages > 0
), logged as (
    -- One range names neighbours with gaps below a hundred: readers look at modseqs again, and ranges stay few.
    insert into aox.change_log (account, mailbox, modseq, uid_first, uid_last)
    select $1, $2, modseq, min(uid), max(uid)
    from (
        select uid, modseq, count(*) filter (where begins) over (order by uid) as run
        from (select uid, modseq, uid - lag(uid) over (order by uid) > 100 as begins from changed) steps
    ) runs
    group by modseq, run
)
select uid, flags, keywords
from changed
order by uid
