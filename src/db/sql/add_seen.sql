-- Notes that a reader has seen messages. $1 account, $2 mailbox, $3 reader, $4 and $5 first and last uids, side by side,
-- $6 how many changes are kept apart. Returns the modseq of that. Locks the mailbox's row.
with box as (
    update aox.mailboxes set highestmodseq = highestmodseq + 1
    where account = $1 and id = $2 and deleted_at is null
    returning highestmodseq
)
insert into aox.seen as s (account, mailbox, reader, uids, modseq, change_modseqs, changes)
select $1, $2, $3, r.uids, b.highestmodseq, array[b.highestmodseq], array[r.uids]
from box b, (
    select coalesce(range_agg(int8range(u.first, u.last, '[]')), '{}') as uids
    from unnest($4::bigint[], $5::bigint[]) u (first, last)
) r
on conflict (account, mailbox, reader) do update
set uids = s.uids + excluded.uids, modseq = excluded.modseq,
    change_modseqs = case when cardinality(s.changes) < $6 then s.change_modseqs else s.change_modseqs[2:] end
        || excluded.change_modseqs,
    changes = case when cardinality(s.changes) < $6 then s.changes else (s.changes[1] + s.changes[2]) || s.changes[3:] end
        || excluded.changes
returning modseq
