-- Rows of small messages take less room: small texts are kept with the recipe, what can be told from something else in
-- the row is not kept again, and columns stand in an order that needs no padding between them.
--
-- Recipes, envelopes and bodies that were stored before stay as they are, and are read. Copying the rows takes about
-- four seconds for 100,000 messages.

drop view aox_v1.messages, aox_v1.header_fields;

-- A message of one account: the verbatim header, the recipe that rebuilds the rest out of bodies, and what was derived.
create table aox.small_messages (
    account       bigint      not null references aox.accounts (id),
    id            bigint      not null,
    -- Length of the whole message in its canonical form: what FETCH BODY[] gives.
    octets        bigint      not null,
    arrived_at    timestamptz not null,
    sent_at       timestamptz,
    -- The date as written, in the sender's own zone: what SENTON compares.
    sent_on       date,
    -- What was made canonical on arrival: 1 bare LF, 2 NUL, 4 binary parts.
    canonicalized smallint    not null default 0,
    -- The recipe keeps everything after the header as one piece, because nothing smaller rebuilt it exactly.
    verbatim      boolean     not null default false,
    -- SHA-256 of the whole message in its canonical form.
    digest        bytea       not null,
    subject       text,
    -- RFC 5256 section 2.1; null when it is the subject.
    base_subject  text,
    message_id    text,
    -- Empty when it is the last of the references, as it is in most answers.
    in_reply_to   text,
    -- Message-ids joined by U+001F: an array of one takes 24 octets more than its text.
    reference_ids text,
    list_id       text,
    -- The header as it arrived, up to and including the empty line.
    header        bytea       not null,
    -- With the content of small texts.
    recipe        bytea       not null,
    -- ENVELOPE, shortened, and BODYSTRUCTURE as IMAP prints it.
    envelope      bytea       not null,
    bodystructure bytea       not null,
    -- The repairs that were needed to derive the columns above.
    repairs       text[],
    primary key (account, id)
) with (toast_tuple_target = 1024);

-- Everything stays in the row until that has 8 KiB, and is compressed when it has 2: what is read together is then read
-- at once, and several short texts moved out of a row would take more room than they did in it.
do $$
declare
    name text;
begin
    for name in select attname from pg_attribute
        where attrelid = 'aox.small_messages'::regclass and attnum > 0 and attlen = -1
    loop
        execute format('alter table aox.small_messages alter column %I set storage main, alter column %I set compression lz4',
            name, name);
    end loop;
end
$$;

insert into aox.small_messages (account, id, octets, arrived_at, sent_at, sent_on, canonicalized, verbatim, digest,
        subject, base_subject, message_id, in_reply_to, reference_ids, list_id, header, recipe, envelope, bodystructure,
        repairs)
    select account, id, octets, arrived_at, sent_at, sent_on, canonicalized, verbatim, digest, subject, base_subject,
        message_id, case when in_reply_to = reference_ids[cardinality(reference_ids)] then '' else in_reply_to end,
        array_to_string(reference_ids, e'\x1f'), list_id, header, recipe, envelope, bodystructure, repairs
    from aox.messages order by account, id;

alter table aox.parts drop constraint parts_account_message_fkey;
alter table aox.message_addresses drop constraint message_addresses_account_message_fkey;
alter table aox.mailbox_messages drop constraint mailbox_messages_account_message_fkey;
alter table aox.tombstones drop constraint tombstones_account_message_fkey;
drop table aox.messages;
alter table aox.small_messages rename to messages;
alter index aox.small_messages_pkey rename to messages_pkey;
alter table aox.messages rename constraint small_messages_account_fkey to messages_account_fkey;
alter table aox.parts add foreign key (account, message) references aox.messages (account, id) on delete cascade;
alter table aox.message_addresses add foreign key (account, message) references aox.messages (account, id) on delete cascade;
alter table aox.mailbox_messages add foreign key (account, message) references aox.messages (account, id);
alter table aox.tombstones add foreign key (account, message) references aox.messages (account, id);
grant select, insert on aox.messages to aox_server;

-- One row for each message in each mailbox. thread_root is the message-id that begins the conversation, as far as the
-- message tells.
create view aox_v1.messages as
    select mm.account, mm.mailbox, mm.uid, mm.message, mm.flags & 1 <> 0 as seen, mm.flags & 2 <> 0 as answered,
        mm.flags & 4 <> 0 as flagged, mm.flags & 8 <> 0 as deleted, mm.flags & 16 <> 0 as draft,
        array(select k.name from aox.mailbox_keywords k
              where k.account = mm.account and k.mailbox = mm.mailbox and k.id = any (mm.keywords) order by k.id) as keywords,
        mm.internal_date, mm.octets, m.subject, coalesce(m.base_subject, m.subject) as base_subject, m.sent_at, m.message_id,
        case when m.in_reply_to = '' then r.ids[cardinality(r.ids)] else m.in_reply_to end as in_reply_to,
        r.ids as reference_ids, coalesce(r.ids[1], m.in_reply_to, m.message_id) as thread_root,
        m.list_id, m.arrived_at, m.digest, m.repairs
    from aox.mailbox_messages mm
        join aox.messages m on m.account = mm.account and m.id = mm.message
        cross join lateral (select string_to_array(m.reference_ids, e'\x1f') as ids) r;

create view aox_v1.header_fields as
    select m.account, m.id as message, f.ordinal, f.name, f.value
    from aox.messages m cross join lateral aox.header_fields(m.header) f;

-- Who may read the tables may read what is public of them, now and later.
grant usage on schema aox_v1 to aox_server;
grant select on all tables in schema aox_v1 to aox_server;
alter default privileges in schema aox_v1 grant select on tables to aox_server;

-- A query that reads headers in parallel would fail: catching an exception begins a subtransaction.
alter function aox.octets_to_text(bytea) parallel unsafe;
alter function aox.header_fields(bytea) parallel unsafe;
