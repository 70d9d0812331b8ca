-- Notes that a reader has not seen messages. $1 account, $2 mailbox, $3 reader, $4 and $5 first and last uids, side by
-- side, $6 how many changes are kept apart. Returns the modseq of that. Locks the mailbox's row.
with box as (
    update aox.mailboxes set highestmodseq = highestmodseq + 1
    where account = $1 and id = $2 and deleted_at is null
    returning highestmodseq
), told as (
    update aox.seen s
    set modseq = b.highestmodseq, uids = s.uids - r.uids,
        change_modseqs = case when cardinality(s.changes) < $6 then s.change_modseqs else s.change_modseqs[2:] end
            || b.highestmodseq,
        changes = case when cardinality(s.changes) < $6 then s.changes else (s.changes[1] + s.changes[2]) || s.changes[3:] end
            || r.uids
    from box b, (
        select coalesce(range_agg(int8range(u.first, u.last, '[]')), '{}') as uids
        from unnest($4::bigint[], $5::bigint[]) u (first, last)
    ) r
    where s.account = $1 and s.mailbox = $2 and s.reader = $3
)
select highestmodseq from box
