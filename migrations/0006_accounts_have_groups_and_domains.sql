-- Groups of accounts, and the domains whose mail the site takes.

-- A group has rights and limits in place of its members. RFC 4314 identifiers write it $name.
create table aox.groups (
    id          bigint      generated always as identity primary key,
    name        text        not null,
    -- The name as it is compared: lower case.
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

-- A domain of this site, in lower case and in U-labels.
create table aox.domains (
    name       text        not null primary key,
    created_at timestamptz not null default now()
);

grant select, insert, delete on aox.groups, aox.group_members, aox.domains to aox_server;
grant update (name, name_key, description) on aox.groups to aox_server;
