-- Forgets deliveries whose clients have heard of them, and says which of some deliveries have been made already without
-- anybody being known to have heard of it. Notes those deliveries, too, if they have ids of messages. Locks nothing.
-- accounts $1, digests $2, recipients $3, senders $4, messages $5 (empty: none is noted);
-- what has served: accounts $6, digests $7, messages $8; $9 whether to fail when one has been made already.
with served as (
    delete from aox.delivery_receipts r
        using unnest($6::bigint[], $7::bytea[], $8::bigint[]) s (account, digest, message)
        where r.account = s.account and r.digest = s.digest and r.message = s.message
), noted as (
    insert into aox.delivery_receipts (account, digest, recipient, sender, message)
        select account, digest, recipient, sender, message
        from unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::bigint[])
            w (account, digest, recipient, sender, message)
        where message is not null
)
-- What is forgotten or noted by this statement is seen by it as it was before.
select w.n, r.message, case when $9::boolean then aox.refuse('met') end
from unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[]) with ordinality w (account, digest, recipient, sender, n)
    join aox.delivery_receipts r using (account, digest, recipient, sender)
where not exists (
    select from unnest($6::bigint[], $7::bytea[], $8::bigint[]) s (account, digest, message)
    where s.account = r.account and s.digest = r.digest and s.message = r.message
)
