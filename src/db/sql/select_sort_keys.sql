-- What SORT and THREAD compare of messages: only the columns that are asked for are read. Locks nothing.
-- $1 account, $2 messages, $3 subject, $4 envelope, $5 references: whether each is wanted
select m.*
from unnest($2::bigint[]) w (message)
    cross join lateral (
        select id, extract(epoch from sent_at)::bigint as sent,
            case when $3 then subject end as subject,
            case when $4 then envelope end as envelope,
            case when $5 then message_id end as message_id,
            case when $5 then reference_ids end as reference_ids,
            case when $5 then in_reply_to end as in_reply_to
        from aox.messages
        where account = $1 and id = w.message
        offset 0
    ) m
