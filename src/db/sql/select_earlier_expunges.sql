-- The uids of a mailbox that were expunged up to a modseq, as ranges: first and last. Locks nothing.
-- $1 account, $2 mailbox, $3 modseq
select lower(r.uids), upper(r.uids) - 1
from (
    select unnest(range_agg(int8range(uid, uid, '[]'))) as uids
    from aox.tombstones
    where account = $1 and mailbox = $2 and modseq <= $3
) r
