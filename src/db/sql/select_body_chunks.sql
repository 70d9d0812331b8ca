-- Further chunks of large bodies. Locks nothing.
-- $1 hashes, $2 and $3 first and last ordinals, side by side
select c.hash, c.ordinal, c.codec, c.data
from unnest($1::bytea[], $2::integer[], $3::integer[]) h (hash, ordinal_first, ordinal_last)
    cross join lateral (
        select hash, ordinal, codec, data
        from aox.body_chunks
        where hash = h.hash and ordinal between h.ordinal_first and h.ordinal_last
        offset 0
    ) c
