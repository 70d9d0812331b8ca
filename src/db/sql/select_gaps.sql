-- The uids below some other that no message of a mailbox has, as first and last ones. Locks nothing.
-- $1 account, $2 mailbox, $3 the uid
select first_uid, last_uid
from (
    select uid + 1 as first_uid, lead(uid, 1, $3::bigint) over (order by uid) - 1 as last_uid
    from (
        select 0::bigint as uid
        union all
        select uid from aox.mailbox_messages where account = $1 and mailbox = $2 and uid < $3
    ) u
) g
where first_uid <= last_uid
