-- Passwords of applications, and every attempt to log in.

-- An account whose password is kept elsewhere has no row; an application's password has no verifier but its digest.
alter table aox.credentials alter column argon2id drop not null;
alter table aox.credentials alter column scram_sha_256 drop not null;
-- SCRAM-SHA-1$iterations:salt$StoredKey:ServerKey, base64 as in RFC 5803.
alter table aox.credentials add column scram_sha_1 text;
-- SHA-256 of the password of an application. It is random, with more bits than anyone can try, so that a slow hash would
-- protect it no better, and only make each login slow.
alter table aox.credentials add column token_sha_256 bytea;
-- When the password of an application was used last, to the minute.
alter table aox.credentials add column last_used_at timestamptz;
alter table aox.credentials add constraint credentials_kind
    check (case when name is null then argon2id is not null and token_sha_256 is null else token_sha_256 is not null end);
create unique index credentials_name on aox.credentials (account, name) where name is not null;

-- What the hosts of a site know and nobody else may: by it they make up keys for users who do not exist.
create table aox.secrets (
    name   text  not null primary key,
    secret bytea not null
);
insert into aox.secrets (name, secret)
    select 'login', sha256(convert_to(string_agg(gen_random_uuid()::text, ''), 'UTF8')) from generate_series(1, 4);

-- How many attempts have failed lately. A row is about an address, a user, or a user from an address; the subject says
-- which. A user is named by a keyed digest, because what was typed as a name may be a password.
create table aox.login_failures (
    subject text             not null primary key,
    -- As of last_at; it halves with the time.
    count   double precision not null,
    last_at timestamptz      not null
);

-- From which addresses an account has been used. Who comes from there again need not wait for the failures of others.
create table aox.login_places (
    account bigint      not null references aox.accounts (id),
    place   text        not null,
    last_at timestamptz not null,
    primary key (account, place)
);

-- One row for each attempt to log in.
create table aox.logins (
    id         bigint      generated always as identity primary key,
    at         timestamptz not null,
    -- The login of the account, or what was given in its place as far as it cannot have been a password.
    login      text        not null,
    -- The account that was asked for, when there is one.
    account    bigint,
    -- The administrator who acted for that account.
    by_account bigint,
    door       text        not null,
    address    inet        not null,
    mechanism  text        not null,
    tls        boolean     not null,
    -- in, failed, disabled, not permitted
    outcome    text        not null
);
create index logins_at on aox.logins (at);

grant select on aox.secrets to aox_server;
grant update (scram_sha_1, last_used_at) on aox.credentials to aox_server;
grant select, insert, update, delete on aox.login_failures, aox.login_places to aox_server;
grant select, insert, delete on aox.logins to aox_server;
