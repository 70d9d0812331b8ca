-- What is written down about mailboxes, and about the server as a whole (RFC 5464).

-- How often the metadata that belongs to an account was changed: each change has the next number, given out under the
-- lock of this row, so that who knows one number can be told of all that came after it.
create table aox.metadata_versions (
    account bigint not null primary key references aox.accounts (id) on delete cascade,
    version bigint not null
) with (fillfactor = 50);

-- An entry and its value. What belongs to the server as a whole has no mailbox: what all share of it belongs to the
-- owner of what belongs to everybody, what is private to its user.
create table aox.metadata (
    account    bigint not null references aox.accounts (id) on delete cascade,
    -- 0: it is about the server.
    mailbox    bigint not null default 0,
    -- Whose it is, if it is private; 0: all share it.
    reader     bigint not null default 0,
    -- /shared/comment and the like, in lower case.
    entry      text   not null,
    -- Null: it has been removed; who has not heard of that yet finds it here.
    value      bytea,
    -- When that changed last.
    version    bigint not null,
    -- The connection that changed it, which need not be told; 0 for none.
    changed_by bigint not null default 0,
    of_mailbox bigint generated always as (nullif(mailbox, 0)) stored,
    primary key (account, mailbox, reader, entry),
    foreign key (account, of_mailbox) references aox.mailboxes (account, id) on delete cascade
);
create index metadata_version on aox.metadata (account, version);
create index metadata_reader on aox.metadata (reader) where reader <> 0;

-- Gives out the next number for a change of an account's metadata; all servers hear of it when it is committed.
create function aox.next_metadata_version(the_account bigint) returns bigint
    language plpgsql
as $$
declare
    the_version bigint;
begin
    insert into aox.metadata_versions as v (account, version) values (the_account, 1)
        on conflict (account) do update set version = v.version + 1
        returning version into the_version;
    perform pg_notify('aox_changes', 'database @' || the_account || '.' || the_version);
    return the_version;
end
$$;

-- What somebody has written down for himself about the mailboxes of others goes when he does.
create function aox.end_private_metadata() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
begin
    delete from aox.metadata m where m.reader = old.id;
    return null;
end
$$;
alter function aox.end_private_metadata() owner to aox_reaper;
revoke all on function aox.end_private_metadata() from public;
create trigger end_private_metadata after delete on aox.accounts
    for each row execute function aox.end_private_metadata();

create view aox_v1.metadata as
    select account, nullif(mailbox, 0) as mailbox, nullif(reader, 0) as reader, entry, aox.octets_to_text(value) as value
    from aox.metadata
    where value is not null;

grant select, insert, update, delete on aox.metadata to aox_server;
grant select, insert, update on aox.metadata_versions to aox_server;
grant select, delete on aox.metadata to aox_reaper;
