-- The addresses of messages in the fields that SEARCH asks for. Locks nothing.
-- $1 account, $2 messages, $3 fields
select u.message, u.field, a.name, a.localpart, a.domain
from aox.message_addresses u
    join aox.addresses a on a.account = $1 and a.id = u.address
where u.account = $1 and u.message = any ($2) and u.field = any ($3)
