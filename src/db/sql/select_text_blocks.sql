-- The blocks of an account in the text index, the smallest first. Locks nothing.
-- $1 account, $2 edition
select block, messages, octets
from aox.text_blocks
where account = $1 and edition = $2
order by messages, block
