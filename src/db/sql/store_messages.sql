-- Stores messages with all that belongs to them. Bodies and addresses that are there already stay. The caller sorts both,
-- so that two deliveries never wait for each other in a circle; for the same reason addresses wait for all bodies. Other
-- rows are nobody else's. One statement, because starting one takes as long as storing a small message.
-- bodies: hashes $1, octets $2, codecs $3, first chunks $4.
-- addresses: accounts $5, ids $6, names $7, local-parts $8, domains $9.
-- messages, lists within one ($24 references, $28 repairs) as one text each, joined by U+001F: accounts $10, ids $11,
-- digests $12, octets $13, headers $14, recipes $15, verbatim $16, canonicalized $17, arrived_at $18, subjects $19, base
-- subjects $20, sent_at $21, sent_on $22, message-ids $23, references $24, in-reply-to $25, list-ids $26, envelopes $27,
-- repairs $28, bodystructures $29.
-- MIME trees: accounts $30, messages $31, ordinals $32, parents $33, sections $34, content types $35, charsets $36,
-- dispositions $37, filenames $38, encodings $39, octets $40, lines $41, body hashes $42.
-- which messages use, and so keep, which bodies: hashes $43, accounts $44, messages $45.
-- who stands in which field: accounts $46, messages $47, fields $48, positions $49, addresses $50.
with stored_bodies as (
    insert into aox.bodies (hash, octets, codec, data)
        select * from unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::bytea[])
        on conflict (hash) do nothing
        returning 1
), stored_addresses as (
    insert into aox.addresses (account, id, name, localpart, domain)
        select a.*
        from (select count(*) from stored_bodies) all_bodies
            cross join unnest($5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[]) a
        on conflict (account, id) do nothing
        returning 1
), stored_messages as (
    insert into aox.messages (account, id, digest, octets, header, recipe, verbatim, canonicalized, arrived_at, subject,
            base_subject, sent_at, sent_on, message_id, reference_ids, in_reply_to, list_id, envelope, repairs,
            bodystructure)
        select account, id, digest, octets, header, recipe, verbatim, canonicalized, arrived_at, subject, base_subject,
            sent_at, sent_on, message_id, reference_ids, in_reply_to, list_id, envelope,
            string_to_array(repairs, e'\x1f'), bodystructure
        from unnest($10::bigint[], $11::bigint[], $12::bytea[], $13::bigint[], $14::bytea[], $15::bytea[],
            $16::boolean[], $17::smallint[], $18::timestamptz[], $19::text[], $20::text[], $21::timestamptz[],
            $22::date[], $23::text[], $24::text[], $25::text[], $26::text[], $27::bytea[], $28::text[], $29::bytea[])
            m (account, id, digest, octets, header, recipe, verbatim, canonicalized, arrived_at, subject, base_subject,
            sent_at, sent_on, message_id, reference_ids, in_reply_to, list_id, envelope, repairs, bodystructure)
), stored_parts as (
    insert into aox.parts (account, message, ordinal, parent, section, content_type, charset, disposition, filename,
            encoding, octets, lines, body)
        select * from unnest($30::bigint[], $31::bigint[], $32::integer[], $33::integer[], $34::text[], $35::text[],
            $36::text[], $37::text[], $38::text[], $39::text[], $40::bigint[], $41::bigint[], $42::bytea[])
), kept_bodies as (
    insert into aox.body_refs (hash, account, message)
        select * from unnest($43::bytea[], $44::bigint[], $45::bigint[])
), stored_fields as (
    insert into aox.message_addresses (account, message, field, position, address)
        select * from unnest($46::bigint[], $47::bigint[], $48::smallint[], $49::smallint[], $50::bigint[])
)
select count(*) from stored_addresses
