-- The logins under the seal $1 with an id above $2, $3 of them at most, as they go into its digest. Locks nothing.
select id, at, id::text, (extract(epoch from at) * 1000000)::bigint::text, login, account::text, by_account::text, door,
    host(address), mechanism, tls::text, outcome
from aox.logins l where seal = $1 and id > $2 order by l.id limit $3
