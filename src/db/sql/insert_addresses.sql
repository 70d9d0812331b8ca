-- Stores addresses, each once per account; those that are there already stay. The caller sorts them.
-- accounts $1, ids $2, names $3, local-parts $4, domains $5.
insert into aox.addresses (account, id, name, localpart, domain)
    select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[])
    on conflict (account, id) do nothing
