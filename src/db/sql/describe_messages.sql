-- What a list of messages tells of each beside flags and sizes. Locks nothing. $1 account, $2 messages
select m.id, m.subject, m.sent_at, a.name, a.localpart, a.domain
from unnest($2::bigint[]) w (id)
    join aox.messages m on m.account = $1 and m.id = w.id
    left join aox.message_addresses r on r.account = $1 and r.message = m.id and r.field = 1 and r.position = (
        select min(f.position) from aox.message_addresses f where f.account = $1 and f.message = m.id and f.field = 1)
    left join aox.addresses a on a.account = $1 and a.id = r.address
