-- Groups of accounts, the domains whose mail the site takes, and aliases that lead to other addresses.

-- A group has rights and limits in place of its members. RFC 4314 identifiers write it $name.
create table aox.groups (
    id          bigint      generated always as identity primary key,
    name        text        not null,
    -- The name as it is compared, by the same rule as logins.
    name_key    text        not null unique,
    description text,
    created_at  timestamptz not null default now()
);

create table aox.group_members (
    account    bigint not null references aox.accounts (id),
    group_id   bigint not null references aox.groups (id),
    primary key (account, group_id)
);
create index group_members_group on aox.group_members (group_id);

-- A domain of this site, in lower case and in U-labels. Without any, addresses may be in all domains.
create table aox.domains (
    name       text        not null primary key,
    created_at timestamptz not null default now()
);

-- True for an address that a user has, and false for one that the administrator leads to a mailbox.
alter table aox.aliases add column own boolean not null default false;
update aox.aliases a set own = true
    from aox.mailboxes m
    where m.account = a.account and m.id = a.mailbox and m.name = 'INBOX' and m.deleted_at is null;

-- An alias that leads to another address of this site: mail goes to what that one stands for at its delivery. As in
-- aliases, an empty local-part takes all mail of the domain that nothing else takes.
create table aox.redirects (
    localpart            text        not null,
    localpart_key        text        not null,
    domain               text        not null,
    target_localpart     text        not null,
    target_localpart_key text        not null,
    target_domain        text        not null,
    created_at           timestamptz not null default now(),
    primary key (domain, localpart, target_domain, target_localpart)
);
create index redirects_address on aox.redirects (domain, localpart_key);

-- What an address leads to, either a mailbox or an address.
create view aox.alias_targets as
    select localpart, localpart_key, domain, account, mailbox, own,
        null::text as target_localpart, null::text as target_localpart_key, null::text as target_domain
    from aox.aliases
    union all
    select localpart, localpart_key, domain, null, null, false, target_localpart, target_localpart_key, target_domain
    from aox.redirects;

-- How often all clients of the account were sent away: because it was disabled or deleted, or its password was changed.
alter table aox.accounts add column dismissals bigint not null default 0;

-- What programs and people mean by a name does not depend on how its accents are composed (RFC 5198 section 3).
update aox.mailboxes m set name = normalize(m.name, nfc)
    where m.name ~ '[^ -~]' and m.name is not nfc normalized
        and not exists (select from aox.mailboxes o
                        where o.account = m.account and o.name = normalize(m.name, nfc) and o.deleted_at is null);

grant select, insert, delete on aox.groups, aox.group_members, aox.domains, aox.redirects to aox_server;
grant select on aox.alias_targets to aox_server;
grant update (name, name_key, description) on aox.groups to aox_server;
grant update (dismissals) on aox.accounts to aox_server;
