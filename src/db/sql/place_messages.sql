-- Puts stored messages into one mailbox: uids in the order given, and one modseq. Locks the mailbox's row.
-- account $1, mailbox $2, how many $3, unseen $4, deleted $5, octets in all $6, saved_at $7, and for each message:
-- ids $8, flags $9, keywords as ids joined by commas $10, internal dates $11 and zones $12, octets $13. $14 whether to
-- fail when that cannot be; otherwise there is no row when the mailbox is gone.
with placed as (
    update aox.mailboxes
        set uidnext = uidnext + $3, highestmodseq = highestmodseq + 1, messages = messages + $3,
            unseen = unseen + $4, deleted = deleted + $5, octets = octets + $6
        where account = $1 and id = $2 and deleted_at is null
        returning uidnext - $3 as first_uid, highestmodseq, uidvalidity
), kept as (
    insert into aox.mailbox_messages (account, mailbox, uid, message, modseq, flags, keywords, internal_date,
            internal_zone, octets, saved_at)
        select $1, $2, p.first_uid + m.n - 1, m.message, p.highestmodseq, m.flags,
            string_to_array(m.keywords, ',')::integer[], m.internal_date, m.internal_zone, m.octets, $7
        from placed p
            cross join unnest($8::bigint[], $9::smallint[], $10::text[], $11::timestamptz[], $12::smallint[], $13::bigint[])
                with ordinality m (message, flags, keywords, internal_date, internal_zone, octets, n)
)
select first_uid, highestmodseq, uidvalidity,
    -- RFC 9051 section 9 has uids of 32 bits.
    case when $14::boolean and first_uid + $3 > 4294967296 then aox.refuse('full') end
from placed
union all
select null, null, null, aox.refuse('gone')
where $14::boolean and not exists (select from placed)
