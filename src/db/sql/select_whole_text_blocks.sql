-- Blocks of the text index with all of their lists, block by block. Locks nothing.
-- $1 account, $2 blocks
select b.block, b.members, b.octets, l.list, l.words, l.columns
from aox.text_blocks b left join aox.text_lists l on l.account = b.account and l.block = b.block
where b.account = $1 and b.block = any ($2)
order by b.message_first, b.block
