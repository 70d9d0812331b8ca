-- The keywords that some messages of a mailbox carry. Locks nothing.
-- $1 account, $2 mailbox, $3 and $4 first and last uids, side by side
select distinct k.id, k.name
from unnest($3::bigint[], $4::bigint[]) r (uid_first, uid_last)
    join aox.mailbox_messages m
        on m.account = $1 and m.mailbox = $2 and m.uid between r.uid_first and r.uid_last
            and m.keywords is not null
    join aox.mailbox_keywords k on k.account = $1 and k.mailbox = $2 and k.id = any (m.keywords)
order by k.id
