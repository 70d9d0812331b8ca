-- Stores bodies, by their digest; those that are there already stay. The caller sorts them, so that two deliveries
-- never wait for each other in a circle. hashes $1, octets $2, codecs $3, first chunks $4.
insert into aox.bodies (hash, octets, codec, data)
    select * from unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::bytea[])
    on conflict (hash) do nothing
