-- Notes that a reader has seen messages. $1 account, $2 mailbox, $3 reader, $4 and $5 first and last uids, side by side.
-- Returns the modseq of that. Locks the mailbox's row.
with box as (
    update aox.mailboxes set highestmodseq = highestmodseq + 1
    where account = $1 and id = $2 and deleted_at is null
    returning highestmodseq
)
insert into aox.seen as s (account, mailbox, reader, uids, modseq)
select $1, $2, $3, coalesce(r.uids, '{}'), b.highestmodseq
from box b, (select range_agg(int8range(u.first, u.last, '[]')) as uids from unnest($4::bigint[], $5::bigint[]) u (first, last)) r
on conflict (account, mailbox, reader) do update set uids = s.uids + excluded.uids, modseq = excluded.modseq
returning modseq
