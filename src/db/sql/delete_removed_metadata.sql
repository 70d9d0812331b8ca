-- Forgets entries that were removed long ago. $1 account, $2 mailbox, $3 the number of a change before which all have
-- heard of it.
delete from aox.metadata where account = $1 and mailbox = $2 and value is null and version < $3
