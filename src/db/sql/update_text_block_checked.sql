-- A block of the text index has been looked at.
-- $1 account, $2 block, $3 when
update aox.text_blocks set checked_at = $3 where account = $1 and block = $2
