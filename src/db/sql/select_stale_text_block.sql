-- A block of the text index that has to be looked at. Locks nothing.
-- $1 edition, $2 when those were looked at that need not be looked at again
select account, block, edition
from aox.text_blocks
where edition <> $1 or checked_at < $2
order by checked_at
limit 1
