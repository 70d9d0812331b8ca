-- The messages of an account that are called like a message, which may be another account's. Locks nothing.
-- $1 account, $2 the message
select message from aox.adopted_messages where account = $1 and original = $2
union all
select $2::bigint where not exists (select from aox.adopted_messages where account = $1 and message = $2)
