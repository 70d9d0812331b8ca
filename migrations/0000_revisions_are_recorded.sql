-- The schema that holds everything, and the record of what has been applied to it.

create schema if not exists aox;

-- One row for each migration, with the SHA-256 of its text: a migration is never edited once it is out.
create table aox.schema_revisions (
    revision   integer     not null primary key,
    name       text        not null,
    checksum   bytea       not null,
    applied_at timestamptz not null default now()
);

grant usage on schema aox to aox_server;
-- The owner of a function must be able to create in its schema (ALTER FUNCTION ... OWNER TO).
grant usage, create on schema aox to aox_reaper;
grant select on aox.schema_revisions to aox_server;
