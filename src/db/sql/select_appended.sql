-- The messages of a mailbox that came since a uid was the next one. Locks nothing.
-- $1 account, $2 mailbox, $3 uidnext as the reader knows it
select uid, message, modseq, flags, keywords, internal_date, internal_zone, octets
from aox.mailbox_messages
where account = $1 and mailbox = $2 and uid >= $3
order by uid
