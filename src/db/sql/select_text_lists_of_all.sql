-- Lists of all blocks of the text index, block by block. Locks nothing.
-- $1 edition, $2 lists
select b.account, b.block, b.members, l.list, l.words, l.columns
from (select account, block, members from aox.text_blocks where edition = $1 order by account, block offset 0) b
    left join lateral (
        select list, words, columns
        from aox.text_lists
        where account = b.account and block = b.block and list = any ($2)
        offset 0
    ) l on true
