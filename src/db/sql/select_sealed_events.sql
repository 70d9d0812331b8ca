-- The events under the seal $1 with an id above $2, $3 of them at most, as they go into its digest. Locks nothing.
select id, at, id::text, (extract(epoch from at) * 1000000)::bigint::text, kind, account::text, mailbox::text,
    by_account::text, door, client, uids, detail::text
from aox.audit e where seal = $1 and id > $2 order by e.id limit $3
