-- What happened is recorded where nobody can change it unnoticed.

-- One row for each event: a group of deliveries, an expunge, a change of rights or policies, an administrator's command.
-- Attempts to log in are in aox.logins. Rows are written in the transaction of what they tell, and never changed, but for
-- the number of their seal.
create table aox.audit (
    id         bigint      generated always as identity primary key,
    at         timestamptz not null default clock_timestamp(),
    -- delivery, append, deletion, undelete, rights, policy, command, forgetting
    kind       text        not null,
    -- Whose mail or account it is about, when it is one's.
    account    bigint,
    mailbox    bigint,
    -- The account that did it; null when an administrator, a mail server or the program itself did.
    by_account bigint,
    -- imap, pop3, lmtp, aox, and the client's address.
    door       text        not null,
    client     text,
    -- Which messages of the mailbox, as a set of IMAP.
    uids       text,
    -- What else there is to tell.
    detail     jsonb       not null,
    seal       bigint
);
create index audit_at on aox.audit (at);
create index audit_seal on aox.audit (seal, id);
create index audit_forgetting on aox.audit (at) where kind = 'forgetting';

alter table aox.logins add column seal bigint;
create index logins_seal on aox.logins (seal, id);

-- What was sealed together, in the order of the seals: each holds the digest of the one before. A row that is changed,
-- removed, added or moved does not fit its seal, and a seal that is changed or removed does not fit the next one.
create table aox.audit_seals (
    number      bigint      not null primary key,
    -- audit or logins: the table whose rows it seals.
    log         text        not null check (log in ('audit', 'logins')),
    entries     bigint      not null,
    first_at    timestamptz not null,
    -- SHA-256 of the rows in the order of their ids.
    rows_digest bytea       not null,
    sealed_at   timestamptz not null,
    -- SHA-256 of the digest before and of everything above.
    digest      bytea       not null
);

-- Everything that happened, whichever table keeps it.
create view aox.events as
    select 'audit' as log, id, at, kind, account, mailbox, by_account, door, client, uids, detail, seal from aox.audit
    union all
    select 'logins', id, at, 'login', account, null, by_account, door, host(address), null,
        jsonb_build_object('login', login, 'mechanism', mechanism, 'tls', tls, 'outcome', outcome), seal
    from aox.logins;

-- A text as it goes into a digest: its end cannot be taken for anything else.
create function aox.digestible(value text) returns text
    language sql immutable parallel safe
as $$
    select case when value is null then '-' else octet_length(value) || ':' || value end
$$;

-- A time as it goes into a digest, in microseconds.
create function aox.digestible(value timestamptz) returns text
    language sql stable parallel safe
as $$
    select aox.digestible((extract(epoch from value) * 1000000)::bigint::text)
$$;

-- Seals what one log holds unsealed, up to some number of rows, and returns how many there were. Rows that are committed
-- later, though their ids are lower, belong to a later seal, so that none is passed over. One at work at a time, in the
-- whole cluster; who comes in between finds nothing to do.
create function aox.seal_audit(the_log text, most integer) returns bigint
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    last aox.audit_seals;
    fresh aox.audit_seals;
begin
    if not pg_try_advisory_xact_lock(hashtext('aox.seal_audit')) then
        return 0;
    end if;
    select * into last from aox.audit_seals order by number desc limit 1;
    fresh.number := coalesce(last.number, 0) + 1;
    fresh.log := the_log;
    fresh.sealed_at := clock_timestamp();
    if the_log = 'audit' then
        with due as (
            select id from aox.audit where seal is null order by id limit most
        ), sealed as (
            update aox.audit a set seal = fresh.number from due where a.id = due.id
                returning a.id, a.at,
                    digestible(a.id::text) || digestible(a.at) || digestible(a.kind) || digestible(a.account::text)
                    || digestible(a.mailbox::text) || digestible(a.by_account::text) || digestible(a.door)
                    || digestible(a.client) || digestible(a.uids) || digestible(a.detail::text) as text
        )
        select count(*), min(at), sha256(convert_to(string_agg(text, '' order by id), 'UTF8'))
            into fresh.entries, fresh.first_at, fresh.rows_digest from sealed;
    else
        with due as (
            select id from aox.logins where seal is null order by id limit most
        ), sealed as (
            update aox.logins l set seal = fresh.number from due where l.id = due.id
                returning l.id, l.at,
                    digestible(l.id::text) || digestible(l.at) || digestible(l.login) || digestible(l.account::text)
                    || digestible(l.by_account::text) || digestible(l.door) || digestible(host(l.address))
                    || digestible(l.mechanism) || digestible(l.tls::text) || digestible(l.outcome) as text
        )
        select count(*), min(at), sha256(convert_to(string_agg(text, '' order by id), 'UTF8'))
            into fresh.entries, fresh.first_at, fresh.rows_digest from sealed;
    end if;
    if fresh.entries = 0 then
        return 0;
    end if;
    fresh.digest := sha256(convert_to(
        digestible(encode(coalesce(last.digest, ''), 'hex')) || digestible(fresh.number::text) || digestible(fresh.log)
        || digestible(fresh.entries::text) || digestible(fresh.first_at) || digestible(encode(fresh.rows_digest, 'hex'))
        || digestible(fresh.sealed_at), 'UTF8'));
    insert into aox.audit_seals values (fresh.*);
    return fresh.entries;
end
$$;

-- Uids as a set of IMAP: 1:4,7.
create function aox.uid_set(uids bigint[]) returns text
    language sql immutable parallel safe
as $$
    select string_agg(case when first = last then first::text else first || ':' || last end, ',' order by first)
    from (select min(uid) as first, max(uid) as last
          from (select uid, uid - row_number() over (order by uid) as island from unnest(uids) u (uid)) i
          group by island) r
$$;

-- Records a change of rights or of policies. Who made it, the transaction says, when it knows.
create function aox.note_change() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    now_is jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    either jsonb := coalesce(now_is, before);
begin
    insert into aox.audit (kind, account, mailbox, by_account, door, client, detail)
        values (tg_argv[0], (either ->> 'account')::bigint,
                case when tg_argv[0] = 'rights' then (either ->> 'mailbox')::bigint end,
                nullif(current_setting('aox.acting_account', true), '')::bigint,
                coalesce(nullif(current_setting('aox.acting_door', true), ''), 'sql'),
                nullif(current_setting('aox.acting_client', true), ''),
                jsonb_strip_nulls(jsonb_build_object('change', lower(tg_op), 'before', before, 'now', now_is)));
    return null;
end
$$;

create trigger rights_are_noted after insert or update or delete on aox.rights
    for each row execute function aox.note_change('rights');
create trigger policies_are_noted after insert or update or delete on aox.policies
    for each row execute function aox.note_change('policy');

create trigger delete_policies_are_noted after insert or update or delete on aox.delete_policies
    for each row execute function aox.note_change('policy');

-- Records what was taken out of mailboxes: whatever does so makes tombstones, and so can take nothing without a trace.
create function aox.note_deletion() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
begin
    insert into aox.audit (kind, account, mailbox, by_account, door, client, uids, detail)
        select 'deletion', account, mailbox, deleted_by, door, client, aox.uid_set(array_agg(uid)),
            jsonb_build_object('reason', reason, 'messages', count(*))
        from gone
        group by account, mailbox, deleted_by, door, client, reason;
    return null;
end
$$;
create trigger deletions_are_noted after insert on aox.tombstones
    referencing new table as gone
    for each statement execute function aox.note_deletion();

alter function aox.seal_audit(text, integer) owner to aox_reaper;
alter function aox.note_change() owner to aox_reaper;
alter function aox.note_deletion() owner to aox_reaper;
revoke execute on function aox.seal_audit(text, integer), aox.note_change(), aox.note_deletion() from public;
grant execute on function aox.seal_audit(text, integer) to aox_server;

-- The server tells what happened, and neither when that was nor which seal it has.
grant select on aox.audit, aox.audit_seals, aox.events to aox_server;
grant insert (kind, account, mailbox, by_account, door, client, uids, detail) on aox.audit to aox_server;
revoke insert on aox.logins from aox_server;
grant insert (at, login, account, by_account, door, address, mechanism, tls, outcome) on aox.logins to aox_server;
grant select, insert, update (seal) on aox.audit to aox_reaper;
grant select, update (seal) on aox.logins to aox_reaper;
grant select, insert on aox.audit_seals to aox_reaper;
