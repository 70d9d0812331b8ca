-- Writes attempts to log in down. $1 times, $2 logins, $3 accounts, $4 administrators who acted for them, $5 doors, $6
-- addresses, $7 mechanisms, $8 whether by TLS, $9 outcomes.
insert into aox.logins (at, login, account, by_account, door, address, mechanism, tls, outcome)
    select at, login, account, by_account, door, address, mechanism, tls, outcome
    from unnest($1::timestamptz[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::inet[], $7::text[],
        $8::boolean[], $9::text[]) as l (at, login, account, by_account, door, address, mechanism, tls, outcome)
