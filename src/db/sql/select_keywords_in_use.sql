-- The keywords that some messages of a mailbox carry. Locks nothing.
-- $1 account, $2 mailbox, $3 and $4 first and last uids, side by side
with used as materialized (
    select distinct unnest(m.keywords) as id
    from unnest($3::bigint[], $4::bigint[]) r (uid_first, uid_last)
        cross join lateral (
            select keywords from aox.mailbox_messages
            where account = $1 and mailbox = $2 and uid between r.uid_first and r.uid_last and keywords is not null
            offset 0
        ) m
)
select id, name
from aox.mailbox_keywords
where account = $1 and mailbox = $2 and id = any (array(select id from used))
order by id
