-- Lets one migration at a time run in this database; taken until the transaction ends.
select pg_advisory_xact_lock(7145238811)
