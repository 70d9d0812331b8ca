-- Which deliveries have been made already, and nobody is known to have heard of it. Locks nothing.
-- For each: account $1, digest $2, recipient $3, sender $4.
select w.n, r.message
from unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[]) with ordinality w (account, digest, recipient, sender, n)
    join aox.delivery_receipts r using (account, digest, recipient, sender)
