-- Takes turns on an address: who adds something to it waits for the other. $1 its key. Locks that until the commit.
select pg_advisory_xact_lock(hashtextextended($1, 1))
