-- Lets one server at a time begin a run of the vacuum; until the end of the transaction.
select pg_advisory_xact_lock(1634695287)
