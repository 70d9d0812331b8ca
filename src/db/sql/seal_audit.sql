-- Seals what the log $1 holds unsealed, $2 rows at most; returns how many there were. Locks those rows.
select aox.seal_audit($1, $2)
