-- What was imported is written down, so that an import which was broken off goes on where it was.

-- A message of a source that is in a mailbox. The source is named by whoever imports, as he likes; the item is what names
-- the message there: a file, or a place in one.
create table aox.imported (
    account     bigint      not null,
    mailbox     bigint      not null,
    source      text        not null,
    item        text        not null,
    imported_at timestamptz not null default now(),
    primary key (account, mailbox, source, item),
    foreign key (account, mailbox) references aox.mailboxes (account, id)
);

grant select, insert on aox.imported to aox_server;
