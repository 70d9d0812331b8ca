-- Stores the further chunks of large bodies. hashes $1, ordinals $2, codecs $3, data $4.
insert into aox.body_chunks (hash, ordinal, codec, data)
    select * from unnest($1::bytea[], $2::integer[], $3::smallint[], $4::bytea[])
    on conflict (hash, ordinal) do nothing
