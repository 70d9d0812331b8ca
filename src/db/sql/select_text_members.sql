-- The members of the blocks of the text index in which some messages may be. Locks nothing.
-- $1 account, $2 and $3 first and last message, $4 edition
select members
from aox.text_blocks
where account = $1 and message_first <= $3 and message_last >= $2 and edition = $4
