-- The tables of mail. A message row is immutable; what changes lives in the narrow row of its mailbox.

-- Message ids are reserved by the program in blocks of a thousand, so that a delivery knows them without asking.
create sequence aox.message_ids increment by 1000;

-- A message of one account: the verbatim header, the recipe that rebuilds the rest out of bodies, and what was derived.
create table aox.messages (
    account       bigint      not null references aox.accounts (id),
    id            bigint      not null,
    -- SHA-256 and length of the whole message in its canonical form: what FETCH BODY[] gives.
    digest        bytea       not null,
    octets        bigint      not null,
    -- The header as it arrived, up to and including the empty line.
    header        bytea       not null,
    recipe        bytea       not null,
    -- The recipe keeps everything after the header as one piece, because nothing smaller rebuilt it exactly.
    verbatim      boolean     not null default false,
    -- What was made canonical on arrival: 1 bare LF, 2 NUL, 4 binary parts.
    canonicalized smallint    not null default 0,
    arrived_at    timestamptz not null,
    subject       text,
    -- RFC 5256 section 2.1; null when it is the subject.
    base_subject  text,
    sent_at       timestamptz,
    -- The date as written, in the sender's own zone: what SENTON compares.
    sent_on       date,
    message_id    text,
    in_reply_to   text,
    reference_ids text[],
    -- The message-id that begins the conversation, as far as this message tells.
    thread_root   text,
    list_id       text,
    -- ENVELOPE and BODYSTRUCTURE as IMAP prints them.
    envelope      bytea       not null,
    bodystructure bytea       not null,
    -- The repairs that were needed to derive the columns above.
    repairs       text[],
    primary key (account, id)
) with (toast_tuple_target = 1024);
alter table aox.messages alter column header set storage main;
alter table aox.messages alter column header set compression lz4;
alter table aox.messages alter column envelope set compression lz4;
alter table aox.messages alter column bodystructure set compression lz4;

-- The MIME tree of a message. body is the digest of the decoded content of a leaf.
create table aox.parts (
    account      bigint  not null,
    message      bigint  not null,
    ordinal      integer not null,
    parent       integer,
    -- The IMAP part specifier, empty for the message itself when it is a multipart.
    section      text    not null,
    content_type text    not null,
    charset      text,
    disposition  text,
    filename     text,
    encoding     text,
    -- As transferred, before decoding.
    octets       bigint  not null,
    lines        bigint  not null,
    body         bytea,
    primary key (account, message, ordinal),
    foreign key (account, message) references aox.messages (account, id) on delete cascade
);

-- Every distinct address of an account's mail. The id is the first half of a digest of name, local-part and domain.
create table aox.addresses (
    account   bigint not null,
    id        bigint not null,
    name      text,
    localpart text   not null,
    domain    text   not null,
    primary key (account, id)
);

-- Who stands in which field of a message. field: 1 From, 2 Sender, 3 Reply-To, 4 To, 5 Cc, 6 Bcc, from 7 Resent-.
create table aox.message_addresses (
    account  bigint   not null,
    message  bigint   not null,
    field    smallint not null,
    position smallint not null,
    address  bigint   not null,
    primary key (account, message, field, position),
    foreign key (account, message) references aox.messages (account, id) on delete cascade
);
create index message_addresses_address on aox.message_addresses (account, address);

-- Decoded content, once, by its SHA-256. data is the first chunk; codec: 0 as it is, 1 zstd.
create table aox.bodies (
    hash   bytea    not null primary key,
    octets bigint   not null,
    codec  smallint not null,
    data   bytea    not null
) partition by hash (hash);

-- The further chunks of a large body, 512 KiB of decoded content each, from ordinal 1.
create table aox.body_chunks (
    hash    bytea    not null,
    ordinal integer  not null,
    codec   smallint not null,
    data    bytea    not null,
    primary key (hash, ordinal)
) partition by hash (hash);

-- Which messages use a body. Foreign keys keep a body from being collected while a delivery reuses it; they go from
-- partition to partition, which hold the same hashes, because that check is several times cheaper.
create table aox.body_refs (
    hash    bytea  not null,
    account bigint not null,
    message bigint not null,
    primary key (hash, account, message)
) partition by hash (hash);

-- Sixteen of each: smaller indices, smaller vacuums, and sixteen times PostgreSQL's limit of large values per table.
do $$
begin
    for i in 0..15 loop
        execute format('create table aox.bodies_%s partition of aox.bodies for values with (modulus 16, remainder %s)
                        with (toast.autovacuum_vacuum_scale_factor = 0.02)', i, i);
        execute format('create table aox.body_chunks_%s partition of aox.body_chunks for values with (modulus 16, remainder %s)
                        with (toast.autovacuum_vacuum_scale_factor = 0.02)', i, i);
        execute format('create table aox.body_refs_%s partition of aox.body_refs for values with (modulus 16, remainder %s)', i, i);
        execute format('alter table aox.body_refs_%s add foreign key (hash) references aox.bodies_%s (hash)', i, i);
        execute format('alter table aox.bodies_%s alter column data set storage external', i);
        execute format('alter table aox.body_chunks_%s alter column data set storage external', i);
    end loop;
end
$$;

-- A message in a mailbox: the narrow row that changes. No index on flags or modseq, so that its updates are HOT.
create table aox.mailbox_messages (
    account       bigint      not null,
    mailbox       bigint      not null,
    uid           bigint      not null,
    message       bigint      not null,
    modseq        bigint      not null,
    -- 1 \Seen, 2 \Answered, 4 \Flagged, 8 \Deleted, 16 \Draft.
    flags         smallint    not null default 0,
    -- Sorted ids out of mailbox_keywords; null when there are none.
    keywords      integer[],
    internal_date timestamptz not null,
    -- Minutes east of UTC in which the internal date was given.
    internal_zone smallint    not null default 0,
    octets        bigint      not null,
    saved_at      timestamptz not null,
    primary key (account, mailbox, uid),
    foreign key (account, message) references aox.messages (account, id)
) with (fillfactor = 80);
create index mailbox_messages_message on aox.mailbox_messages (account, message);

-- The keywords of a mailbox, as their first user wrote them.
create table aox.mailbox_keywords (
    account  bigint  not null,
    mailbox  bigint  not null,
    id       integer not null,
    name     text    not null,
    -- In lower case: keywords compare without regard to it.
    name_key text    not null,
    primary key (account, mailbox, id),
    foreign key (account, mailbox) references aox.mailboxes (account, id)
);
create unique index mailbox_keywords_name on aox.mailbox_keywords (account, mailbox, name_key);

-- Which uids got new flags at which modseq, as ranges. New messages are found by their uid, expunged ones as tombstones.
create table aox.change_log (
    account   bigint not null,
    mailbox   bigint not null,
    modseq    bigint not null,
    uid_first bigint not null,
    uid_last  bigint not null,
    primary key (account, mailbox, modseq, uid_first)
);

-- What was expunged, by whom, when and why, with all that is needed to take it back.
create table aox.tombstones (
    account       bigint      not null,
    mailbox       bigint      not null,
    uid           bigint      not null,
    message       bigint      not null,
    -- The modseq of the expunge, for QRESYNC.
    modseq        bigint      not null,
    flags         smallint    not null,
    keywords      text[],
    internal_date timestamptz not null,
    internal_zone smallint    not null,
    octets        bigint      not null,
    saved_at      timestamptz not null,
    deleted_at    timestamptz not null default now(),
    -- The account that did it; null when an administrator or a policy did.
    deleted_by    bigint,
    -- Where it came from: imap, pop3, aox, and the client's address.
    door          text        not null,
    client        text,
    reason        text        not null,
    primary key (account, mailbox, uid),
    foreign key (account, message) references aox.messages (account, id)
);
create index tombstones_modseq on aox.tombstones (account, mailbox, modseq);
create index tombstones_message on aox.tombstones (account, message);
create index tombstones_deleted_at on aox.tombstones (deleted_at);

-- A delivery whose reply the client has not evidently read. A retry meets it and makes no second copy.
create table aox.delivery_receipts (
    account      bigint      not null,
    -- SHA-256 of the message as received, before trace fields were prepended.
    digest       bytea       not null,
    recipient    text        not null,
    sender       text        not null,
    message      bigint      not null,
    delivered_at timestamptz not null default now(),
    primary key (account, digest, recipient, sender, message)
);
