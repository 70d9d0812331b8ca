-- The mailbox of one account that has this name now. Locks nothing.
-- $1 account, $2 name
select id
from aox.mailboxes
where account = $1 and name = $2 and deleted_at is null
