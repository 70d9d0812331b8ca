-- The messages whose flags changed after a modseq and that the reader knows, found by way of the change log. Locks
-- nothing. A range of the log may name messages that did not change; their modseq tells.
-- $1 account, $2 mailbox, $3 modseq, $4 uidnext as the reader knows it
with ranges as materialized (
    select unnest(range_agg(int8range(uid_first, uid_last, '[]'))) as uids
    from aox.change_log
    where account = $1 and mailbox = $2 and modseq > $3
)
select m.uid, m.modseq, m.flags, m.keywords
from ranges r
    cross join lateral (
        select uid, modseq, flags, keywords
        from aox.mailbox_messages
        where account = $1 and mailbox = $2 and uid >= lower(r.uids) and uid < least(upper(r.uids), $4)
            and modseq > $3
        offset 0
    ) m
