-- Notes that a reader has not seen messages. $1 account, $2 mailbox, $3 reader, $4 and $5 first and last uids, side by
-- side. Returns the modseq of that. Locks the mailbox's row.
with box as (
    update aox.mailboxes set highestmodseq = highestmodseq + 1
    where account = $1 and id = $2 and deleted_at is null
    returning highestmodseq
), told as (
    update aox.seen s
    set modseq = b.highestmodseq, uids = s.uids - (
        select coalesce(range_agg(int8range(u.first, u.last, '[]')), '{}') from unnest($4::bigint[], $5::bigint[]) u (first, last)
    )
    from box b
    where s.account = $1 and s.mailbox = $2 and s.reader = $3
)
select highestmodseq from box
