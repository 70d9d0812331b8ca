-- Messages of an account with all that they are put together from, but for the bodies. $1 account, $2 messages. Locks
-- nothing.
select id, digest, header, recipe from aox.messages where account = $1 and id = any ($2)
