-- Waits until nobody else copies very many messages into the mailbox $1, until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended('aox.large_copies', $1))
