-- The public face in SQL: views whose names and columns stay, so that the tables may change.

create schema aox_v1;

-- Octets as text: UTF-8 where they are that, Latin-1 otherwise, so that no header can make a query fail.
create function aox.octets_to_text(octets bytea) returns text
    language plpgsql immutable parallel safe
as $$
begin
    return convert_from(octets, 'UTF8');
exception when others then
    return convert_from(octets, 'LATIN1');
end
$$;

-- The fields of a header in their order, unfolded, otherwise as they were written.
create function aox.header_fields(header bytea) returns table (ordinal bigint, name text, value text)
    language sql immutable parallel safe
as $$
    select f.n, f.m[1], btrim(regexp_replace(f.m[2], '\r\n(?=[ \t])', '', 'g'), E' \t')
    from regexp_matches(aox.octets_to_text(header), '(?:^|\n)([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r(?!\n)|\r\n[ \t])*)', 'g')
        with ordinality f(m, n)
$$;

create view aox_v1.accounts as
    select id as account, login, display_name, state = 1 as disabled, created_at from aox.accounts where state <> 2;

create view aox_v1.mailboxes as
    select account, id as mailbox, name, special_use, messages, unseen, octets, uidvalidity, uidnext, highestmodseq, created_at
    from aox.mailboxes where deleted_at is null;

-- One row for each message in each mailbox.
create view aox_v1.messages as
    select mm.account, mm.mailbox, mm.uid, mm.message, mm.flags & 1 <> 0 as seen, mm.flags & 2 <> 0 as answered,
        mm.flags & 4 <> 0 as flagged, mm.flags & 8 <> 0 as deleted, mm.flags & 16 <> 0 as draft,
        array(select k.name from aox.mailbox_keywords k
              where k.account = mm.account and k.mailbox = mm.mailbox and k.id = any (mm.keywords) order by k.id) as keywords,
        mm.internal_date, mm.octets, m.subject, coalesce(m.base_subject, m.subject) as base_subject, m.sent_at, m.message_id,
        m.in_reply_to, m.reference_ids, m.thread_root, m.list_id, m.arrived_at, m.digest, m.repairs
    from aox.mailbox_messages mm join aox.messages m on m.account = mm.account and m.id = mm.message;

create view aox_v1.addresses as
    select ma.account, ma.message,
        (array['from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'resent-from', 'resent-sender', 'resent-to', 'resent-cc', 'resent-bcc'])[ma.field] as field,
        ma.position, a.name, a.localpart, a.domain
    from aox.message_addresses ma join aox.addresses a on a.account = ma.account and a.id = ma.address;

create view aox_v1.header_fields as
    select m.account, m.id as message, f.ordinal, f.name, f.value
    from aox.messages m cross join lateral aox.header_fields(m.header) f;

create view aox_v1.parts as
    select account, message, ordinal, parent, section, content_type, charset, disposition, filename, encoding, octets, lines, body
    from aox.parts;
