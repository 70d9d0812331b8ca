-- The messages among some uids that were changed after a modseq. Locks nothing; the mailbox's row is locked before.
-- $1 account, $2 mailbox, $3 and $4 first and last uids, side by side, $5 modseq
select m.uid
from unnest($3::bigint[], $4::bigint[]) r (uid_first, uid_last)
    cross join lateral (
        select uid
        from aox.mailbox_messages
        where account = $1 and mailbox = $2 and uid between r.uid_first and r.uid_last and modseq > $5
        offset 0
    ) m
order by m.uid
