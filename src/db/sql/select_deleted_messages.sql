-- The messages that were deleted in a mailbox and can be taken back, by their numbers among these, from one on. None has
-- \Deleted any more. Locks nothing. $1 account, $2 mailbox, $3 the first number
select deleted_uid, message, modseq, flags & ~8::smallint, keywords, internal_date, internal_zone, octets
from aox.tombstones
where account = $1 and mailbox = $2 and deleted_uid >= $3 and message is not null
