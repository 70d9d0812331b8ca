-- The octets of a mailbox's messages with \Deleted. $1 account, $2 mailbox. Locks nothing.
select coalesce(sum(octets), 0)::bigint
from aox.mailbox_messages
where account = $1 and mailbox = $2 and flags & 8 <> 0
