-- The seals after $1, $2 of them at most, with their times in microseconds. Locks nothing.
select number, log, entries, first_at, rows_digest, sealed_at, digest,
    (extract(epoch from first_at) * 1000000)::bigint, (extract(epoch from sealed_at) * 1000000)::bigint
from aox.audit_seals where number > $1 order by number limit $2
