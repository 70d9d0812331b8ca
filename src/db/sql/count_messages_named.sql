-- How many messages of a mailbox have uids in some ranges. Locks nothing.
-- $1 account, $2 mailbox, $3 and $4 first and last uids, side by side
select count(*)
from unnest($3::bigint[], $4::bigint[]) r (uid_first, uid_last)
    join aox.mailbox_messages m on m.account = $1 and m.mailbox = $2 and m.uid between r.uid_first and r.uid_last
