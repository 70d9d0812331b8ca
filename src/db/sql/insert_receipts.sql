-- Notes deliveries, until their clients are known to have heard of them.
-- accounts $1, digests $2, recipients $3, senders $4, messages $5.
insert into aox.delivery_receipts (account, digest, recipient, sender, message)
    select * from unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::bigint[])
