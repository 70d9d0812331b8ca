-- What FETCH wants of messages: only the columns that are asked for are read. Locks nothing. Each message is looked up
-- by its key: with id = any ($2), a whole account may be read, as long as its statistics lag behind.
-- $1 account, $2 messages, $3 envelope, $4 bodystructure, $5 header, $6 recipe: whether each is wanted
select m.*
from unnest($2::bigint[]) w (message)
    cross join lateral (
        select id,
            case when $3 then envelope end as envelope,
            case when $4 then bodystructure end as bodystructure,
            case when $5 then header end as header,
            case when $6 then recipe end as recipe
        from aox.messages
        where account = $1 and id = w.message
        offset 0
    ) m
