-- Whether the text index may be changed now: one program at a time does that in a database. Taken until the transaction
-- ends.
select pg_try_advisory_xact_lock(7145238820)
