-- Which messages of a source are in a mailbox already. $1 account, $2 mailbox, $3 the source, $4 what names the
-- messages there. Locks nothing.
select item from aox.imported where account = $1 and mailbox = $2 and source = $3 and item = any ($4)
