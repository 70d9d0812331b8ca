-- The numbers below one that deleted messages of a mailbox still have, as ranges. Locks nothing.
-- $1 account, $2 mailbox, $3 that number
select min(deleted_uid), max(deleted_uid)
from (
    select deleted_uid, deleted_uid - row_number() over (order by deleted_uid) as island
    from aox.tombstones
    where account = $1 and mailbox = $2 and deleted_uid < $3 and message is not null
) t
group by island
