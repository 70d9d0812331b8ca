-- A mailbox and its use (RFC 6154). $1 account, $2 name. Locks nothing.
select id, special_use
from aox.mailboxes
where account = $1 and name = $2 and deleted_at is null
