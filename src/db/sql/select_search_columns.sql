-- What SEARCH wants of messages: only the columns that are asked for are read. Locks nothing.
-- $1 account, $2 messages, $3 subject, $4 day sent, $5 header, $6 recipe, $7 Message-ID: whether each is wanted
select m.*
from unnest($2::bigint[]) w (message)
    cross join lateral (
        select id,
            case when $3 then subject end as subject,
            case when $4 then sent_on end as sent_on,
            case when $5 then header end as header,
            case when $6 then recipe end as recipe,
            case when $7 then message_id end as message_id
        from aox.messages
        where account = $1 and id = w.message
        offset 0
    ) m
