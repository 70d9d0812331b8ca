-- Keys by which users authorize URLs of their mail (RFC 4467): whoever has such a URL can read what it names. A key that is
-- replaced or taken away has revoked all URLs that were made with it.
create table aox.url_keys (
    -- Who authorizes.
    account bigint not null references aox.accounts (id) on delete cascade,
    -- The account that has the mailbox: another one where that is shared.
    owner   bigint not null,
    mailbox bigint not null,
    key     bytea  not null check (length(key) >= 16),
    primary key (account, owner, mailbox)
);

grant select, insert, delete on aox.url_keys to aox_server;
grant update (key) on aox.url_keys to aox_server;
