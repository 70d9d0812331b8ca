-- Forgets deliveries whose clients have heard of them. accounts $1, digests $2, messages $3.
delete from aox.delivery_receipts r
    using unnest($1::bigint[], $2::bytea[], $3::bigint[]) w (account, digest, message)
    where r.account = w.account and r.digest = w.digest and r.message = w.message
