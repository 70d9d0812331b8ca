-- Messages whose Message-ID is one of $1, among those that the text index has not reached. Locks nothing.
with behind as materialized (
    select m.account, m.id, coalesce(t.uid, 0) as uid
    from aox.mailboxes m left join aox.text_mailboxes t on t.account = m.account and t.mailbox = m.id
    where m.uidnext > coalesce(t.uid, 0) + 1
), waiting as (
    select w.account, w.message
    from behind b
        cross join lateral (
            select account, message from aox.mailbox_messages
            where account = b.account and mailbox = b.id and uid > b.uid
            union all
            select account, message from aox.tombstones
            where account = b.account and mailbox = b.id and uid > b.uid and message is not null
            offset 0
        ) w
)
select distinct m.account, m.id, m.arrived_at
from waiting w
    cross join lateral (
        select account, id, arrived_at, message_id from aox.messages
        where account = w.account and id = w.message
        offset 0
    ) m
where m.message_id = any ($1)
