-- The first chunks of bodies. Locks nothing. Each hash is looked up in the one partition where it can be: with
-- hash = any ($1), all sixteen would be searched for all of them, which takes eight times as long.
-- $1 hashes
select b.hash, b.codec, b.data
from unnest($1::bytea[]) h (hash)
    cross join lateral (select hash, codec, data from aox.bodies where hash = h.hash offset 0) b
