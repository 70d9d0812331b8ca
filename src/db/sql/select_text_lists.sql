-- Lists of the blocks of the text index in which some messages may be, block by block. Locks nothing.
-- $1 account, $2 and $3 first and last message, $4 edition, $5 lists
select b.block, b.members, l.list, l.words, l.columns
from (
        select block, members
        from aox.text_blocks
        where account = $1 and message_first <= $3 and message_last >= $2 and edition = $4
        order by block
        offset 0
    ) b
    left join lateral (
        select list, words, columns
        from aox.text_lists
        where account = $1 and block = b.block and list = any ($5)
        offset 0
    ) l on true
