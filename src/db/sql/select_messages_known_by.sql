-- Which of some messages have one of these Message-IDs. Locks nothing.
-- $1 and $2 accounts and messages, side by side, $3 Message-IDs
select m.account, m.id, m.arrived_at
from unnest($1::bigint[], $2::bigint[]) w (account, message)
    cross join lateral (
        select account, id, arrived_at, message_id from aox.messages
        where account = w.account and id = w.message
        offset 0
    ) m
where m.message_id = any ($3)
