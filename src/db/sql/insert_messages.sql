-- Stores messages. Lists within a message ($15 references, $19 repairs) come as one text each, joined by U+001F.
-- accounts $1, ids $2, digests $3, octets $4, headers $5, recipes $6, verbatim $7, canonicalized $8, arrived_at $9,
-- subjects $10, base subjects $11, sent_at $12, sent_on $13, message-ids $14, references $15, in-reply-to $16,
-- list-ids $17, envelopes $18, repairs $19, bodystructures $20.
insert into aox.messages (account, id, digest, octets, header, recipe, verbatim, canonicalized, arrived_at, subject,
        base_subject, sent_at, sent_on, message_id, reference_ids, in_reply_to, list_id, envelope, repairs,
        bodystructure)
    select account, id, digest, octets, header, recipe, verbatim, canonicalized, arrived_at, subject, base_subject,
        sent_at, sent_on, message_id, reference_ids, in_reply_to, list_id, envelope,
        string_to_array(repairs, e'\x1f'), bodystructure
    from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bytea[], $7::boolean[],
        $8::smallint[], $9::timestamptz[], $10::text[], $11::text[], $12::timestamptz[], $13::date[], $14::text[],
        $15::text[], $16::text[], $17::text[], $18::bytea[], $19::text[], $20::bytea[])
        m (account, id, digest, octets, header, recipe, verbatim, canonicalized, arrived_at, subject, base_subject,
        sent_at, sent_on, message_id, reference_ids, in_reply_to, list_id, envelope, repairs, bodystructure)
