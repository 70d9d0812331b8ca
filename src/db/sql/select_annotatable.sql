-- Which messages are there to be annotated, and whether they have changed after a mod-sequence. $1 account, $2 mailbox,
-- $3 and $4 first and last uids, side by side, $5 the mod-sequence. Locks nothing.
select m.uid, m.modseq > $5
from unnest($3::bigint[], $4::bigint[]) r (uid_first, uid_last)
    cross join lateral (
        select uid, modseq from aox.mailbox_messages
        where account = $1 and mailbox = $2 and uid between r.uid_first and r.uid_last
        offset 0
    ) m
order by m.uid
