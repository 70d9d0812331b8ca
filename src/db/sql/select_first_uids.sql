-- The first messages of a mailbox behind a uid. Locks nothing.
-- $1 account, $2 mailbox, $3 the uid, $4 how many
select uid from aox.mailbox_messages where account = $1 and mailbox = $2 and uid > $3 order by uid limit $4
