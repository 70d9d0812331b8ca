-- Takes blocks out of the text index, with their lists.
-- $1 account, $2 blocks
delete from aox.text_blocks where account = $1 and block = any ($2)
