-- What messages say can be searched without reading them: the words of blocks of messages, and which message has which.
--
-- All of it is derived from the messages, and may be emptied at any time: then it is made again, and searches read the
-- messages meanwhile. The program fills it in the background (actors/indexer.rs, src/search/index/).

-- Some messages of an account, each of them a column of the lists below.
create table aox.text_blocks (
    account       bigint      not null references aox.accounts (id) on delete cascade,
    block         bigint      generated always as identity,
    -- Which edition of the program's rules has made it: one that another edition has made is not used, and made again.
    edition       smallint    not null,
    messages      integer     not null,
    -- Of the lists, before compression.
    octets        bigint      not null,
    -- The least and the greatest id of its messages, and all of them in the order of their columns.
    message_first bigint      not null,
    message_last  bigint      not null,
    members       bytea       not null,
    -- When it was looked at for messages that are not there any more.
    checked_at    timestamptz not null default now(),
    primary key (account, block)
);
create index text_blocks_checked_at on aox.text_blocks (checked_at);

-- The words that stand in one place, such as the subjects, and for each of them the columns that have it; compressed.
create table aox.text_lists (
    account bigint   not null,
    block   bigint   not null,
    -- See `List` in src/search/index/mod.rs.
    list    smallint not null,
    words   bytea    not null,
    columns bytea    not null,
    primary key (account, block, list),
    foreign key (account, block) references aox.text_blocks (account, block) on delete cascade
) with (toast.autovacuum_vacuum_scale_factor = 0.05);
alter table aox.text_lists alter column words set storage external;
alter table aox.text_lists alter column columns set storage external;

-- How far each mailbox has been indexed. Uids are given out under the lock of the mailbox, so that no smaller one appears
-- later; message ids are reserved in advance, and would not tell.
create table aox.text_mailboxes (
    account bigint not null,
    mailbox bigint not null,
    -- All messages up to this uid are in a block.
    uid     bigint not null,
    primary key (account, mailbox),
    foreign key (account, mailbox) references aox.mailboxes (account, id) on delete cascade
) with (fillfactor = 70);

grant select, insert, delete on aox.text_blocks, aox.text_lists, aox.text_mailboxes to aox_server;
grant update (checked_at) on aox.text_blocks to aox_server;
grant update (uid) on aox.text_mailboxes to aox_server;
