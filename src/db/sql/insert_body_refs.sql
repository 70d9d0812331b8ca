-- Notes which messages use which bodies, and so keeps those bodies. hashes $1, accounts $2, messages $3.
insert into aox.body_refs (hash, account, message)
    select * from unnest($1::bytea[], $2::bigint[], $3::bigint[])
