-- The tables of people and folders. Everything that belongs to an account carries the account first in its key, so
-- that the same schema can be partitioned or distributed by account. The reader of this file needs one rule more:
-- ids are bigint, and uids and modseqs come from the mailbox's row, never from a sequence.

-- An account owns mailboxes. kind: 0 user. state: 0 active, 1 disabled, 2 deleted (kept until its mail has ended).
create table aox.accounts (
    id           bigint generated always as identity primary key,
    login        text        not null,
    -- The login as it is compared: lower case.
    login_key    text        not null,
    display_name text,
    kind         smallint    not null default 0,
    state        smallint    not null default 0,
    created_at   timestamptz not null default now(),
    deleted_at   timestamptz
);
create unique index accounts_login_key on aox.accounts (login_key) where state <> 2;

-- How an account proves who it is. Only verifiers, never a password.
create table aox.credentials (
    account       bigint      not null references aox.accounts (id),
    id            bigint      generated always as identity,
    -- Null for the account's own password; the name a user gave to an application's password otherwise.
    name          text,
    -- A PHC string, $argon2id$v=19$...
    argon2id      text        not null,
    -- SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey, base64 as in RFC 5803.
    scram_sha_256 text        not null,
    created_at    timestamptz not null default now(),
    primary key (account, id)
);
create unique index credentials_password on aox.credentials (account) where name is null;

-- A folder. The counters are kept exact by whoever changes the folder, under the lock of this row.
create table aox.mailboxes (
    account          bigint      not null references aox.accounts (id),
    id               bigint      generated always as identity,
    -- The whole name, levels separated by '/', in UTF-8 normalization form C. INBOX is written in capitals.
    name             text        not null,
    uidvalidity      bigint      not null,
    uidnext          bigint      not null default 1,
    highestmodseq    bigint      not null default 1,
    -- The first uid that no session has yet been told of as \Recent.
    first_recent_uid bigint      not null default 1,
    messages         bigint      not null default 0,
    unseen           bigint      not null default 0,
    octets           bigint      not null default 0,
    -- Messages that carry \Deleted.
    deleted          bigint      not null default 0,
    -- \Sent and its like (RFC 6154), in lower case without the backslash.
    special_use      text,
    created_at       timestamptz not null default now(),
    -- When the folder itself was deleted; its tombstones still name it.
    deleted_at       timestamptz,
    primary key (account, id)
) with (fillfactor = 50);
create unique index mailboxes_name on aox.mailboxes (account, name) where deleted_at is null;

-- Where mail for an address goes. Several rows of one address are several targets.
create table aox.aliases (
    -- The local-part as written; it is compared exactly first, then by its key (RFC 5321 section 2.4).
    localpart     text        not null,
    localpart_key text        not null,
    -- The domain in lower case.
    domain        text        not null,
    account       bigint      not null,
    mailbox       bigint      not null,
    created_at    timestamptz not null default now(),
    primary key (account, domain, localpart, mailbox),
    foreign key (account, mailbox) references aox.mailboxes (account, id)
);
create index aliases_address on aox.aliases (domain, localpart_key);

-- Which names a user has subscribed to. By name: RFC 9051 section 6.3.7 lets a subscription outlive its mailbox.
create table aox.subscriptions (
    account bigint not null references aox.accounts (id),
    name    text   not null,
    primary key (account, name)
);

-- Who may do what in a mailbox (RFC 4314), beyond its owner.
create table aox.rights (
    account    bigint  not null,
    mailbox    bigint  not null,
    -- An RFC 4314 identifier: a login, a group, anyone, anonymous.
    identifier text    not null,
    negative   boolean not null default false,
    rights     text    not null,
    primary key (account, mailbox, identifier, negative),
    foreign key (account, mailbox) references aox.mailboxes (account, id)
);

-- What must stay, what must go, and when. kind: retain, delete, hold. A null scope means everything.
create table aox.policies (
    id         bigint generated always as identity primary key,
    name       text unique,
    kind       text        not null check (kind in ('retain', 'delete', 'hold')),
    account    bigint references aox.accounts (id),
    -- A mailbox name; the policy covers its subtree.
    mailbox    text,
    -- The search that messages must match, as the program prints it.
    selector   text,
    days       integer check (days >= 0),
    created_at timestamptz not null default now(),
    created_by text        not null,
    -- Set when a policy is taken back; the row stays as evidence.
    removed_at timestamptz,
    removed_by text
);
