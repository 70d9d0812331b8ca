-- Mail ends by the functions of this file and by nothing else. They belong to aox_reaper, who alone may delete messages,
-- bodies and tombstones, and they look at the undelete time and at the policies by themselves: the server says when to
-- work, never on what.
--
-- What whoever has stolen the server's password can do, and why it ends no mail that is to stay:
-- * expunge everything: tombstones stay for the undelete time, and longer where a policy covers them;
-- * take policies back, or shorten the undelete time: that counts only after the time that was promised before, see
--   aox.undelete_days and aox.is_in_force, so that there is time to see it and to undo it;
-- * call these functions with any arguments: they only say where to begin and how much to do at once;
-- * call them in a transaction with an old view of the database, in which a new hold is not to be seen: they refuse any
--   isolation level but READ COMMITTED, and lock the policies before they read them;
-- * rename, delete or give away mailboxes: policies know accounts and mailboxes by their ids, and those that a mailbox
--   policy has covered once;
-- * add rows beside those of a message: see aox.has_in_addresses.
-- What remains: it may read everything, and its word is taken about what bodies say; see aox.policy_verdicts.

-- For how many days what was deleted can be taken back: for the site, for the users of a domain, for a user, or for a
-- mailbox. Rows are never changed; the latest of a scope counts, and one without days takes the scope's rule back.
create table aox.undelete_times (
    id      bigint      generated always as identity primary key,
    -- 0 the site, 1 a domain, 2 a user, 3 a mailbox: what is said of less counts before what is said of more.
    scope   smallint    not null check (scope between 0 and 3),
    domain  text,
    account bigint,
    mailbox bigint,
    days    integer     check (days between 0 and 36500),
    set_at  timestamptz not null default now(),
    set_by  text        not null,
    check (case scope when 0 then num_nonnulls(domain, account, mailbox) = 0 and days is not null
                      when 1 then domain is not null and num_nonnulls(account, mailbox) = 0
                      when 2 then account is not null and num_nonnulls(domain, mailbox) = 0
                      else domain is null and num_nonnulls(account, mailbox) = 2 end)
);
create trigger undelete_times_are_noted after insert on aox.undelete_times
    for each row execute function aox.note_change('policy');
create index undelete_times_account on aox.undelete_times (account) where account is not null;

-- Bodies and addresses that ended messages used. Most of them others use as well; those that nobody uses go.
create table aox.ended_bodies (
    hash bytea not null primary key
);
create table aox.ended_addresses (
    account bigint not null,
    address bigint not null,
    primary key (account, address)
);

-- Up to which modseq the tombstones and the log of changes of a mailbox are incomplete, because some of them have
-- ended: who knows less than that must look at the whole mailbox.
create table aox.horizons (
    account        bigint not null,
    mailbox        bigint not null,
    modseq         bigint not null,
    -- The mailbox's modseq at some time, which becomes the horizon when that is long enough ago.
    noted_modseq   bigint not null default 0,
    noted_at       timestamptz not null default now(),
    primary key (account, mailbox)
);

-- What each run of the vacuum did. One that has not ended and has not been heard of lately was killed.
create table aox.vacuum_runs (
    id           bigint      generated always as identity primary key,
    -- The schedule, or a command of the administrator.
    cause        text        not null,
    host         text        not null,
    -- Null as long as it is only wanted.
    started_at   timestamptz,
    -- It does not rest between its batches.
    is_hurried   boolean     not null default false,
    heard_at     timestamptz not null default now(),
    ended_at     timestamptz,
    -- Why it did not come to its end.
    error        text,
    -- What it is doing, or was when it was last heard of.
    step         text        not null default '',
    deleted      bigint      not null default 0,
    tombstones   bigint      not null default 0,
    messages     bigint      not null default 0,
    octets       bigint      not null default 0,
    bodies       bigint      not null default 0,
    body_octets  bigint      not null default 0,
    addresses    bigint      not null default 0,
    receipts     bigint      not null default 0,
    log_rows     bigint      not null default 0,
    mailboxes    bigint      not null default 0,
    accounts     bigint      not null default 0,
    -- Tombstones whose time had not passed, and those that policies kept.
    kept_by_time bigint      not null default 0,
    kept_by_policy bigint    not null default 0
);

-- The vacuum goes through tombstones in the order of their age, and on from where it was.
create index tombstones_end on aox.tombstones (deleted_at, account, mailbox, uid);
drop index aox.tombstones_deleted_at;
-- The bodies that a message uses are looked for when it ends.
create index body_refs_message on aox.body_refs (account, message);

-- Queues and the tables that shrink all at once want to be tidied soon, and not by a share of their size.
alter table aox.ended_bodies set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
alter table aox.ended_addresses set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
alter table aox.vacuum_runs set (fillfactor = 50);
alter table aox.tombstones set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
alter table aox.messages set (autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05);
alter table aox.parts set (autovacuum_vacuum_scale_factor = 0.05);
alter table aox.message_addresses set (autovacuum_vacuum_scale_factor = 0.05);

-- For how many days what was deleted at some time in a mailbox can be taken back: the most that was promised for it from
-- a week before its deletion until now.
--
-- The rule of a mailbox counts before that of its user, that before those of the domains where the user has an address,
-- of which the longest counts, and that before the site's. Why not simply the latest word: who deletes something may
-- rely on the time that was promised then; and nobody, not even with the server's password, can shorten the time, delete
-- and have it ended at once, since a shorter time counts for what is deleted a week after it was set. A longer
-- one counts at once, for all that has not ended.
create function aox.undelete_days(the_account bigint, the_mailbox bigint, since timestamptz) returns integer
    language sql stable
as $$
    with rules as materialized (
        select * from aox.undelete_times u
        where u.scope = 0
            or u.scope = 1 and u.domain in (select l.domain from aox.aliases l where l.account = the_account and l.own)
            or u.scope = 2 and u.account = the_account
            or u.scope = 3 and u.account = the_account and u.mailbox = the_mailbox
    ), moments (at) as (
        select since - interval '168 hours'
        union
        select set_at from rules where set_at > since - interval '168 hours'
    )
    select max(coalesce(
        (select r.days from rules r where r.scope = 3 and r.set_at <= at order by r.set_at desc, r.id desc limit 1),
        (select r.days from rules r where r.scope = 2 and r.set_at <= at order by r.set_at desc, r.id desc limit 1),
        (select max(d.days) from (
            select distinct on (r.domain) r.days from rules r where r.scope = 1 and r.set_at <= at
            order by r.domain, r.set_at desc, r.id desc) d),
        (select r.days from rules r where r.scope = 0 and r.set_at <= at order by r.set_at desc, r.id desc limit 1),
        7))
    from moments
$$;

-- Whether a policy counts. One that says what must stay counts for the site's undelete time after it was taken back:
-- otherwise a hold would be worth no more than the server's password.
create function aox.is_in_force(p aox.policies) returns boolean
    language sql stable
as $$
    select p.removed_at is null
        or p.kind <> 'delete' and now() < p.removed_at + make_interval(hours => 24 * aox.undelete_days(null, null, p.removed_at))
$$;

-- Sets the undelete time of the site, a domain, a user or a mailbox, from now on; see aox.undelete_days for when a
-- shorter one counts. As long as there has been no mail, there is nothing to protect, and any counts at once. False when
-- it was so before.
create function aox.set_undelete_time(the_scope smallint, the_domain text, the_account bigint, the_mailbox bigint,
    the_days integer, who text) returns boolean
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
begin
    lock table aox.undelete_times in share row exclusive mode;
    if the_days is not distinct from (
        select days from aox.undelete_times
        where scope = the_scope and domain is not distinct from the_domain and account is not distinct from the_account
            and mailbox is not distinct from the_mailbox
        order by set_at desc, id desc limit 1)
    then
        return false;
    end if;
    insert into aox.undelete_times (scope, domain, account, mailbox, days, set_at, set_by)
    values (the_scope, the_domain, the_account, the_mailbox, the_days,
        case when exists (select from aox.messages) then now() else '-infinity' end, who);
    return true;
end
$$;

-- What each function that ends something begins with: nobody else is at it, and nobody adds a policy or another undelete
-- time until it is done. What was added before is seen, because each statement sees what is committed when it begins.
create function aox.begin_ending() returns void
    language plpgsql
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'mail can end in a READ COMMITTED transaction only' using errcode = 'active_sql_transaction';
    end if;
    -- "aoxv"
    perform pg_advisory_xact_lock(1634695286);
    lock table aox.policies, aox.undelete_times in share mode;
end
$$;

-- Ends the tombstones behind some place whose time has passed and that no policy keeps, and with the last of a message
-- the message. Looks at how_many at most, in the order of their age, and says where it stopped: looked is less than
-- how_many at the end. rehearse only counts. kept says how many each policy keeps, by its id.
create function aox.end_tombstones(
    after_time timestamptz, after_account bigint, after_mailbox bigint, after_uid bigint, how_many integer, rehearse boolean
) returns table (
    looked integer, ended integer, ended_messages integer, ended_octets bigint, kept_by_time integer, kept jsonb,
    last_time timestamptz, last_account bigint, last_mailbox bigint, last_uid bigint
)
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    batch      aox.tombstones[];
    ending     aox.tombstones[];
    policies   aox.policies[];
    -- All that are older than the first may end for the time's sake, none that is younger than the second.
    sure       timestamptz;
    possible   timestamptz;
    accounts   bigint[];
    messages   bigint[];
begin
    perform aox.begin_ending();
    how_many := greatest(1, least(how_many, 5000));
    policies := array(select p from aox.policies p where p.kind in ('hold', 'retain') and aox.is_in_force(p)
                      order by p.kind, p.id);
    select now() - make_interval(hours => 24 * greatest(7, max(days))), now() - make_interval(hours => 24 * least(7, min(days)))
        into sure, possible from aox.undelete_times;
    if rehearse then
        batch := array(
            select t from aox.tombstones t
            where t.deleted_at <= possible
                and (t.deleted_at, t.account, t.mailbox, t.uid) > (after_time, after_account, after_mailbox, after_uid)
            order by t.deleted_at, t.account, t.mailbox, t.uid limit how_many);
    else
        -- One that somebody is taking back just now is his.
        batch := array(
            select t from aox.tombstones t
            where t.deleted_at <= possible
                and (t.deleted_at, t.account, t.mailbox, t.uid) > (after_time, after_account, after_mailbox, after_uid)
            order by t.deleted_at, t.account, t.mailbox, t.uid limit how_many
            for update skip locked);
    end if;
    looked := cardinality(batch);
    if looked > 0 then
        last_time := batch[looked].deleted_at;
        last_account := batch[looked].account;
        last_mailbox := batch[looked].mailbox;
        last_uid := batch[looked].uid;
    end if;
    with timed as materialized (
        select t,
            t.deleted_at <= sure
                or t.deleted_at <= now() - make_interval(hours => 24 * aox.undelete_days(t.account, t.mailbox, t.deleted_at))
                as is_due
        from unnest(batch) t
    ), covered as materialized (
        select d.t, d.is_due,
            case when d.is_due and cardinality(policies) > 0 then (
                select p.id
                from unnest(policies) p
                where aox.covers(p, row((d.t).account, (d.t).mailbox, (d.t).uid, (d.t).message, (d.t).flags, (d.t).keywords,
                                        (d.t).internal_date, (d.t).internal_zone, (d.t).octets)::aox.candidate)
                limit 1
            ) end as policy
        from timed d
    )
    select count(*) filter (where not c.is_due),
        (select jsonb_object_agg(k.policy, k.n)
         from (select policy, count(*) as n from covered where policy is not null group by policy) k),
        array_agg(c.t) filter (where c.is_due and c.policy is null)
        into kept_by_time, kept, ending
        from covered c;
    ended := coalesce(cardinality(ending), 0);
    ended_messages := 0;
    ended_octets := 0;
    if ended = 0 or rehearse then
        ended_octets := coalesce((select sum(e.octets) from unnest(ending) e), 0);
        return next;
        return;
    end if;
    with gone as (
        delete from aox.tombstones t
            using unnest(ending) e
            where t.account = e.account and t.mailbox = e.mailbox and t.uid = e.uid
            returning t.account, t.mailbox, t.message, t.modseq
    ), noted as (
        insert into aox.horizons as h (account, mailbox, modseq)
            select g.account, g.mailbox, max(g.modseq) from gone g group by g.account, g.mailbox order by 1, 2
            on conflict (account, mailbox) do update set modseq = greatest(h.modseq, excluded.modseq)
    )
    select array_agg(d.account), array_agg(d.message) into accounts, messages
        from (select distinct g.account, g.message from gone g) d;
    -- A message in a mailbox, or with another tombstone, stays.
    select array_agg(e.account), array_agg(e.message) into accounts, messages
        from unnest(accounts, messages) e (account, message)
        where not exists (select from aox.mailbox_messages m where m.account = e.account and m.message = e.message)
            and not exists (select from aox.tombstones t where t.account = e.account and t.message = e.message);
    if messages is not null then
        select c.messages, c.octets into ended_messages, ended_octets from aox.end_messages(accounts, messages) c;
    end if;
    return next;
end
$$;

-- Ends messages that are in no mailbox and have no tombstone, and notes what they used. Only for the function above:
-- foreign keys make it fail for any other message.
create function aox.end_messages(the_accounts bigint[], the_messages bigint[]) returns table (messages integer, octets bigint)
    language plpgsql
as $$
begin
    insert into aox.ended_addresses (account, address)
        select distinct u.account, u.address
        from unnest(the_accounts, the_messages) e (account, message)
            join aox.message_addresses u on u.account = e.account and u.message = e.message
        order by 1, 2
        on conflict do nothing;
    with unused as (
        delete from aox.body_refs r
            using unnest(the_accounts, the_messages) e (account, message)
            where r.account = e.account and r.message = e.message
            returning r.hash
    )
    insert into aox.ended_bodies (hash) select distinct hash from unused order by 1 on conflict do nothing;
    -- The foreign keys would do this row by row.
    delete from aox.parts p using unnest(the_accounts, the_messages) e (account, message)
        where p.account = e.account and p.message = e.message;
    delete from aox.message_addresses u using unnest(the_accounts, the_messages) e (account, message)
        where u.account = e.account and u.message = e.message;
    return query
        with gone as (
            delete from aox.messages m using unnest(the_accounts, the_messages) e (account, message)
                where m.account = e.account and m.id = e.message
                returning m.octets
        )
        select count(*)::integer, coalesce(sum(g.octets), 0)::bigint from gone g;
end
$$;

-- Ends bodies that nobody uses any more, of those behind a digest that ended messages used.
--
-- A delivery that finds a body stored does not store it again, and refers to it a moment later. Whichever comes first is
-- right: its reference locks the row of the body, so that it is passed over here, or has committed, so that it is
-- seen, as the rows are locked before references are looked for; or the body has gone, and then the foreign key
-- makes the delivery fail, which begins again and stores the body.
create function aox.end_bodies(after_hash bytea, how_many integer)
    returns table (looked integer, ended integer, ended_octets bigint, last_hash bytea)
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    wanted  bytea[];
    free    bytea[];
    passed  bytea[];
begin
    perform aox.begin_ending();
    wanted := array(select q.hash from aox.ended_bodies q where q.hash > after_hash order by q.hash
                    limit greatest(1, least(how_many, 5000)));
    looked := cardinality(wanted);
    last_hash := wanted[looked];
    ended := 0;
    ended_octets := 0;
    if looked = 0 then
        return next;
        return;
    end if;
    free := array(select b.hash from aox.bodies b where b.hash = any (wanted) order by b.hash for update skip locked);
    passed := array(select b.hash from aox.bodies b where b.hash = any (wanted) and b.hash <> all (free));
    free := array(select f.hash from unnest(free) f (hash)
                  where not exists (select from aox.body_refs r where r.hash = f.hash));
    delete from aox.body_chunks c where c.hash = any (free);
    with gone as (
        delete from aox.bodies b where b.hash = any (free) returning b.octets
    )
    select count(*), coalesce(sum(g.octets), 0) into ended, ended_octets from gone g;
    delete from aox.ended_bodies q where q.hash = any (wanted) and q.hash <> all (passed);
    return next;
end
$$;

-- Ends addresses that stand in no message any more, of those behind a place that ended messages had.
--
-- No foreign key keeps an address that a delivery has found stored and will refer to a moment later: checking one for
-- each address would slow down all deliveries. Instead, the whole table is locked: every delivery that has looked for its
-- addresses has ended then, and none looks before this has ended. That is waited for only a moment, since new
-- deliveries wait as well; null when it was too long.
create function aox.end_addresses(after_account bigint, after_address bigint, how_many integer)
    returns table (looked integer, ended integer, last_account bigint, last_address bigint)
    language plpgsql security definer
    set search_path = aox, pg_temp
    set lock_timeout = '250ms'
as $$
declare
    the_accounts  bigint[];
    the_addresses bigint[];
begin
    perform aox.begin_ending();
    select array_agg(q.account), array_agg(q.address) into the_accounts, the_addresses
        from (select q.account, q.address from aox.ended_addresses q
              where (q.account, q.address) > (after_account, after_address)
              order by q.account, q.address limit greatest(1, least(how_many, 5000))) q;
    looked := coalesce(cardinality(the_accounts), 0);
    last_account := the_accounts[looked];
    last_address := the_addresses[looked];
    ended := 0;
    if looked = 0 then
        return next;
        return;
    end if;
    begin
        lock table aox.addresses in share row exclusive mode;
    exception when lock_not_available then
        looked := null;
        return next;
        return;
    end;
    with gone as (
        delete from aox.addresses a
            using unnest(the_accounts, the_addresses) q (account, address)
            where a.account = q.account and a.id = q.address
                and not exists (select from aox.message_addresses u where u.account = q.account and u.address = q.address)
            returning a.id
    )
    select count(*) into ended from gone;
    delete from aox.ended_addresses q
        using unnest(the_accounts, the_addresses) w (account, address)
        where q.account = w.account and q.address = w.address;
    return next;
end
$$;

-- Forgets changes that nobody can have to hear of any more: those up to the horizon of their mailbox. A mailbox whose log
-- is long gets a new horizon once a month, at what was the newest change a month before. Looks at how_many mailboxes.
create function aox.end_changes(after_account bigint, after_mailbox bigint, how_many integer)
    returns table (looked integer, ended bigint, last_account bigint, last_mailbox bigint)
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    b     record;
    count bigint;
begin
    perform aox.begin_ending();
    looked := 0;
    ended := 0;
    for b in select m.account, m.id, m.highestmodseq from aox.mailboxes m
             where (m.account, m.id) > (after_account, after_mailbox)
             order by m.account, m.id limit greatest(1, least(how_many, 5000))
    loop
        looked := looked + 1;
        last_account := b.account;
        last_mailbox := b.id;
        if not exists (select from aox.change_log l where l.account = b.account and l.mailbox = b.id) then
            continue;
        end if;
        insert into aox.horizons as h (account, mailbox, modseq, noted_modseq)
            values (b.account, b.id, 0, b.highestmodseq)
            on conflict (account, mailbox) do update
                set modseq = greatest(h.modseq, h.noted_modseq), noted_modseq = excluded.noted_modseq, noted_at = now()
                where h.noted_at < now() - interval '720 hours';
        delete from aox.change_log l using aox.horizons h
            where h.account = b.account and h.mailbox = b.id
                and l.account = b.account and l.mailbox = b.id and l.modseq <= h.modseq;
        get diagnostics count = row_count;
        ended := ended + count;
    end loop;
    return next;
end
$$;

-- Ends the rows of deleted mailboxes whose mail has all ended, whose own undelete time has passed, and that no policy
-- has covered. One that something else still refers to stays.
create function aox.end_mailboxes(after_account bigint, after_mailbox bigint, how_many integer)
    returns table (looked integer, ended integer, last_account bigint, last_mailbox bigint)
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    b record;
begin
    perform aox.begin_ending();
    looked := 0;
    ended := 0;
    for b in select m.account, m.id, m.deleted_at from aox.mailboxes m
             where m.deleted_at is not null and (m.account, m.id) > (after_account, after_mailbox)
             order by m.account, m.id limit greatest(1, least(how_many, 5000))
    loop
        looked := looked + 1;
        last_account := b.account;
        last_mailbox := b.id;
        if exists (select from aox.tombstones t where t.account = b.account and t.mailbox = b.id)
            or exists (select from aox.mailbox_messages m where m.account = b.account and m.mailbox = b.id)
            or exists (select from aox.policy_mailboxes k join aox.policies p on p.id = k.policy
                       where k.account = b.account and k.mailbox = b.id and aox.is_in_force(p))
            or b.deleted_at > now() - make_interval(hours => 24 * aox.undelete_days(b.account, b.id, b.deleted_at))
        then
            continue;
        end if;
        begin
            delete from aox.mailbox_keywords k where k.account = b.account and k.mailbox = b.id;
            delete from aox.rights r where r.account = b.account and r.mailbox = b.id;
            delete from aox.seen s where s.account = b.account and s.mailbox = b.id;
            delete from aox.change_log l where l.account = b.account and l.mailbox = b.id;
            delete from aox.horizons h where h.account = b.account and h.mailbox = b.id;
            delete from aox.mailboxes m where m.account = b.account and m.id = b.id and m.deleted_at is not null;
            ended := ended + 1;
        exception when foreign_key_violation then
            null;
        end;
    end loop;
    return next;
end
$$;

-- Ends the rows of deleted accounts of which nothing is left. One that something still refers to stays.
create function aox.end_accounts(after_account bigint, how_many integer)
    returns table (looked integer, ended integer, last_account bigint)
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    a record;
begin
    perform aox.begin_ending();
    looked := 0;
    ended := 0;
    for a in select c.id, c.deleted_at from aox.accounts c
             where c.state = 2 and c.kind = 0 and c.id > after_account
             order by c.id limit greatest(1, least(how_many, 5000))
    loop
        looked := looked + 1;
        last_account := a.id;
        if exists (select from aox.mailboxes m where m.account = a.id)
            or exists (select from aox.messages m where m.account = a.id)
            or exists (select from aox.policies p where p.account = a.id)
            or a.deleted_at is null
            or a.deleted_at > now() - make_interval(hours => 24 * aox.undelete_days(a.id, null, a.deleted_at))
        then
            continue;
        end if;
        begin
            delete from aox.credentials c where c.account = a.id;
            delete from aox.subscriptions s where s.account = a.id;
            delete from aox.group_members g where g.account = a.id;
            delete from aox.login_places l where l.account = a.id;
            delete from aox.quota_shares q where q.account = a.id;
            delete from aox.quota_usage q where q.account = a.id;
            delete from aox.addresses d where d.account = a.id;
            delete from aox.ended_addresses d where d.account = a.id;
            delete from aox.accounts c where c.id = a.id and c.state = 2;
            ended := ended + 1;
        exception when foreign_key_violation then
            null;
        end;
    end loop;
    return next;
end
$$;

grant select on aox.undelete_times, aox.horizons, aox.vacuum_runs to aox_server;
grant insert, update, delete on aox.vacuum_runs to aox_server;

grant select, insert on aox.undelete_times to aox_reaper;
grant select, insert, update, delete on aox.horizons to aox_reaper;
grant select, insert, delete on aox.ended_bodies, aox.ended_addresses to aox_reaper;
-- To lock a row, one must be allowed to change something in it; to lock a table, to change any of it.
grant update on aox.policies, aox.undelete_times to aox_reaper;
grant update (octets) on aox.tombstones to aox_reaper;
grant update (codec) on aox.bodies to aox_reaper;
grant delete on aox.tombstones, aox.messages, aox.parts, aox.message_addresses, aox.addresses, aox.bodies, aox.body_chunks,
    aox.body_refs, aox.change_log, aox.mailbox_keywords, aox.rights, aox.seen, aox.mailboxes, aox.accounts,
    aox.credentials, aox.subscriptions, aox.group_members, aox.login_places, aox.quota_usage to aox_reaper;
grant select on aox.parts, aox.bodies, aox.body_chunks, aox.body_refs, aox.change_log, aox.rights, aox.seen, aox.aliases,
    aox.subscriptions, aox.group_members, aox.login_places to aox_reaper;
grant select (account) on aox.credentials to aox_reaper;
grant select on aox.accounts to aox_reaper;

do $$
declare
    the_function text;
begin
    foreach the_function in array array[
        'aox.set_undelete_time(smallint, text, bigint, bigint, integer, text)',
        'aox.end_tombstones(timestamptz, bigint, bigint, bigint, integer, boolean)',
        'aox.end_bodies(bytea, integer)',
        'aox.end_addresses(bigint, bigint, integer)',
        'aox.end_changes(bigint, bigint, integer)',
        'aox.end_mailboxes(bigint, bigint, integer)',
        'aox.end_accounts(bigint, integer)'
    ] loop
        execute format('alter function %s owner to aox_reaper', the_function);
        execute format('revoke all on function %s from public', the_function);
        execute format('grant execute on function %s to aox_server', the_function);
    end loop;
    -- These are of use to the functions above only.
    foreach the_function in array array['aox.begin_ending()', 'aox.end_messages(bigint[], bigint[])'] loop
        execute format('alter function %s owner to aox_reaper', the_function);
        execute format('revoke all on function %s from public', the_function);
    end loop;
end
$$;
