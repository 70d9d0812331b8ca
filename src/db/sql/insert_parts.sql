-- Stores the MIME trees of messages. accounts $1, messages $2, ordinals $3, parents $4, sections $5, content types $6,
-- charsets $7, dispositions $8, filenames $9, encodings $10, octets $11, lines $12, body hashes $13.
insert into aox.parts (account, message, ordinal, parent, section, content_type, charset, disposition, filename, encoding,
        octets, lines, body)
    select * from unnest($1::bigint[], $2::bigint[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bytea[])
