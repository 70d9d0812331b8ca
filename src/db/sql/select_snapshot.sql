-- Every message of a mailbox with what changes about it, in no order. Locks nothing.
-- $1 account, $2 mailbox
select uid, message, modseq, flags, keywords, internal_date, internal_zone, octets
from aox.mailbox_messages
where account = $1 and mailbox = $2
