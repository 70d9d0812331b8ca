-- The addresses of messages in the fields that SEARCH asks for. Locks nothing.
-- $1 account, $2 messages, $3 fields
select u.message, u.field, a.name, a.localpart, a.domain
from unnest($2::bigint[]) w (message)
    cross join lateral (
        select message, field, address
        from aox.message_addresses
        where account = $1 and message = w.message and field = any ($3)
        offset 0
    ) u
    cross join lateral (
        select name, localpart, domain from aox.addresses where account = $1 and id = u.address offset 0
    ) a
