-- What accounts, groups and domains may hold, and what they hold.
--
-- What an account holds is counted in one row of its own, in the transaction that changes it. What the members of a
-- group or a domain hold together is counted only where a limit needs it, in one row for each such limit. Rows are
-- always locked in this order: mailboxes, then accounts' usage, then pools; each in the order of its key.

-- A quota root (RFC 9208 section 3.2). kind: 0 what every user without a quota has, 1 a user, 2 a group, 3 a domain.
-- Storage and annotations are in octets. Null is no limit.
create table aox.quotas (
    id          bigint   generated always as identity primary key,
    kind        smallint not null,
    account     bigint   unique references aox.accounts (id) on delete cascade,
    group_id    bigint   unique references aox.groups (id) on delete cascade,
    domain      text     unique references aox.domains (name) on delete cascade on update cascade,
    storage     bigint   check (storage >= 0),
    messages    bigint   check (messages >= 0),
    mailboxes   bigint   check (mailboxes >= 0),
    annotations bigint   check (annotations >= 0),
    check (case kind when 0 then num_nonnulls(account, group_id, domain) = 0
                     when 1 then account is not null and num_nonnulls(group_id, domain) = 0
                     when 2 then group_id is not null and num_nonnulls(account, domain) = 0
                     when 3 then domain is not null and num_nonnulls(account, group_id) = 0
                     else false end)
);
create unique index quotas_default on aox.quotas (kind) where kind = 0;

-- What the mailboxes of an account hold, exactly: whoever changes that changes this row in the same transaction, after
-- the rows of the mailboxes. Expunged messages do not count, copies do. Without a foreign key, because a check of one
-- would wait for whoever creates a mailbox.
create table aox.quota_usage (
    account  bigint   not null primary key,
    messages bigint   not null,
    octets   bigint   not null,
    -- 0: the user need not be warned, or has made room since. 1: a warning is due. 2: it was sent.
    warning  smallint not null default 0
) with (fillfactor = 50);

-- What the members of a group or a domain hold together, where there is a limit for that.
create table aox.quota_pools (
    quota    bigint not null primary key references aox.quotas (id) on delete cascade,
    messages bigint not null default 0,
    octets   bigint not null default 0
) with (fillfactor = 50);

-- How much of an account is counted in a pool: the pool is the sum of these. Whoever holds the lock of the account's
-- usage may change them.
create table aox.quota_shares (
    account  bigint not null,
    quota    bigint not null,
    messages bigint not null,
    octets   bigint not null,
    primary key (account, quota)
) with (fillfactor = 50);
create index quota_shares_quota on aox.quota_shares (quota);

insert into aox.quota_usage (account, messages, octets)
    select account, sum(messages), sum(octets) from aox.mailboxes group by account order by account;

-- Every quota under the name of its root.
create view aox.quota_roots as
    select q.id, q.kind, q.account, q.group_id, q.domain, q.storage, q.messages, q.mailboxes, q.annotations,
        case q.kind when 0 then 'default' when 1 then 'user/' || a.login when 2 then 'group/' || g.name
                    else 'domain/' || q.domain end as name
    from aox.quotas q
        left join aox.accounts a on a.id = q.account
        left join aox.groups g on g.id = q.group_id
    where q.kind <> 1 or a.state <> 2;

-- Which accounts belong to a limited group, or have an address in a limited domain.
create view aox.quota_members as
    select g.account, q.id as quota
    from aox.quotas q join aox.group_members g on g.group_id = q.group_id
    union
    select l.account, q.id
    from aox.quotas q join aox.aliases l on l.domain = q.domain
    where l.own;

-- The quota that counts for an account: its own, whole as it is, or else the default, if it is a user's.
create function aox.quota_of(the_account bigint) returns setof aox.quotas
    language sql stable rows 1
as $$
    select * from (select * from aox.quotas where account = the_account
                   union all select * from aox.quotas where kind = 0
                       and exists (select from aox.accounts where id = the_account and kind = 0)) q
    order by kind desc limit 1
$$;

-- Makes the pools count what some accounts hold now, and in which pools they are now. The caller holds the locks of
-- their rows of usage; locks the rows of the pools.
create function aox.settle_pools(the_accounts bigint[]) returns void
    language plpgsql
as $$
declare
    the_quotas bigint[];
    more_messages bigint[];
    more_octets bigint[];
begin
    with wanted as materialized (
        select m.account, m.quota, u.messages, u.octets
        from unnest(the_accounts) w (account)
            join aox.quota_members m on m.account = w.account
            join aox.quota_usage u on u.account = w.account
    ), counted as materialized (
        select s.account, s.quota, s.messages, s.octets
        from unnest(the_accounts) w (account) join aox.quota_shares s on s.account = w.account
    ), ended as (
        delete from aox.quota_shares s
            using counted c
            where s.account = c.account and s.quota = c.quota
                and (c.account, c.quota) not in (select account, quota from wanted)
    ), kept as (
        insert into aox.quota_shares as s (account, quota, messages, octets)
            select account, quota, messages, octets from wanted
            on conflict (account, quota) do update set messages = excluded.messages, octets = excluded.octets
                where (s.messages, s.octets) <> (excluded.messages, excluded.octets)
    ), change as (
        select quota, sum(coalesce(w.messages, 0) - coalesce(c.messages, 0))::bigint as messages,
            sum(coalesce(w.octets, 0) - coalesce(c.octets, 0))::bigint as octets
        from wanted w full join counted c using (account, quota)
        group by quota
    )
    select array_agg(quota order by quota), array_agg(messages order by quota), array_agg(octets order by quota)
        into the_quotas, more_messages, more_octets
        from change where messages <> 0 or octets <> 0;
    for n in 1 .. coalesce(cardinality(the_quotas), 0) loop
        update aox.quota_pools p set messages = p.messages + more_messages[n], octets = p.octets + more_octets[n]
            where p.quota = the_quotas[n];
    end loop;
end
$$;

-- Counts what accounts hold more, or less, than before. The accounts come sorted, each once; no row of a mailbox may be
-- locked after this. Returns what limits have to say about it: what each has too much, whether it is nearly used up
-- (at warn_percent), and whether the user is to be told of that.
create function aox.count_usage(the_accounts bigint[], new_messages bigint[], new_octets bigint[], warn_percent integer)
    returns table (account bigint, quota bigint, is_shared boolean, too_many_messages bigint, too_many_octets bigint,
                   is_nearly_full boolean, is_warning_due boolean)
    language plpgsql
as $$
#variable_conflict use_column
begin
    insert into aox.quota_usage as u (account, messages, octets)
        select n.account, n.messages, n.octets
        from unnest(the_accounts, new_messages, new_octets) n (account, messages, octets)
        on conflict (account) do update
            set messages = u.messages + excluded.messages, octets = u.octets + excluded.octets;
    if not exists (select from aox.quotas) then
        return;
    end if;
    -- From here on the rows of usage are locked, and each statement sees what was committed before that.
    perform from aox.quota_pools limit 1;
    if found then
        perform aox.settle_pools(the_accounts);
    end if;
    if warn_percent > 0 then
        -- Once for each time that the threshold is crossed: a user who stays within five percent of it is not told again.
        update aox.quota_usage u
            set warning = w.warning
            from (
                select n.account, case when u.warning > 0 and b.percent >= warn_percent - 5 then u.warning
                                       when a.percent >= warn_percent then 1 else 0 end as warning
                from unnest(the_accounts, new_messages, new_octets) n (account, messages, octets)
                    join aox.quota_usage u on u.account = n.account
                    cross join lateral aox.quota_of(n.account) q
                    cross join lateral (select greatest(u.octets * 100.0 / nullif(q.storage, 0),
                                                        u.messages * 100.0 / nullif(q.messages, 0)) as percent) a
                    cross join lateral (select greatest((u.octets - n.octets) * 100.0 / nullif(q.storage, 0),
                                                        (u.messages - n.messages) * 100.0 / nullif(q.messages, 0)) as percent) b
            ) w
            where u.account = w.account and u.warning <> w.warning;
    end if;
    return query
        select r.* from (
            select l.account, l.quota, l.is_shared, greatest(l.messages - l.messages_max, 0), greatest(l.octets - l.storage_max, 0),
                (warn_percent > 0 and (l.messages * 100.0 >= l.messages_max * warn_percent::numeric
                                       or l.octets * 100.0 >= l.storage_max * warn_percent::numeric)) is true,
                l.warning = 1
            from (
                select u.account, q.id as quota, false as is_shared, u.messages, u.octets, q.messages as messages_max,
                    q.storage as storage_max, u.warning
                from unnest(the_accounts) n (account)
                    join aox.quota_usage u on u.account = n.account
                    cross join lateral aox.quota_of(n.account) q
                union all
                select s.account, q.id, true, p.messages, p.octets, q.messages, q.storage, 0
                from unnest(the_accounts) n (account)
                    join aox.quota_shares s on s.account = n.account
                    join aox.quota_pools p on p.quota = s.quota
                    join aox.quotas q on q.id = s.quota
            ) l
        ) r (account, quota, is_shared, too_many_messages, too_many_octets, is_nearly_full, is_warning_due)
        where too_many_messages > 0 or too_many_octets > 0 or is_nearly_full or is_warning_due;
end
$$;

-- How much more an account may hold, as the tightest of its limits says; null is no limit. Locks nothing.
create function aox.quota_room(the_account bigint) returns table (messages bigint, octets bigint)
    language plpgsql stable rows 1
as $$
#variable_conflict use_column
begin
    if not exists (select from aox.quotas) then
        return query select null::bigint, null::bigint;
        return;
    end if;
    return query
        select min(l.messages), min(l.octets)
        from (
            select q.messages - coalesce(u.messages, 0) as messages, q.storage - coalesce(u.octets, 0) as octets
            from aox.quota_of(the_account) q left join aox.quota_usage u on u.account = the_account
            union all
            select q.messages - p.messages, q.storage - p.octets
            from aox.quota_shares s
                join aox.quota_pools p on p.quota = s.quota
                join aox.quotas q on q.id = s.quota
            where s.account = the_account
        ) l;
end
$$;

-- The quota that allows fewer mailboxes than an account, or all that share it, have now; null when none does. Mailboxes
-- are counted whenever one is created and need no counter. Locks the rows of the pools, so that two members' mailboxes
-- are counted one after the other.
create function aox.mailboxes_over_quota(the_account bigint) returns bigint
    language plpgsql
as $$
declare
    over bigint;
begin
    if not exists (select from aox.quotas where mailboxes is not null) then
        return null;
    end if;
    perform from aox.quota_pools p
        where p.quota in (select m.quota from aox.quota_members m where m.account = the_account)
        order by p.quota for no key update;
    select q.id into over
        from aox.quota_of(the_account) q
        where q.mailboxes < (select count(*) from aox.mailboxes b where b.account = the_account and b.deleted_at is null);
    if over is null then
        select q.id into over
            from aox.quota_members m join aox.quotas q on q.id = m.quota
            where m.account = the_account
                and q.mailboxes < (select count(*) from aox.quota_members o
                                   join aox.mailboxes b on b.account = o.account and b.deleted_at is null
                                   where o.quota = q.id)
            limit 1;
    end if;
    return over;
end
$$;

-- As before, and what has gone is not counted any more.
create or replace function aox.expunge(
    the_account bigint, the_mailbox bigint, uids bigint[], only_deleted boolean,
    who bigint, the_door text, the_client text, the_reason text
) returns table (expunged bigint, at_modseq bigint, before_modseq bigint)
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    old_modseq bigint;
    old_messages bigint;
    old_octets bigint;
    new_messages bigint;
    new_octets bigint;
begin
    select highestmodseq, messages, octets into old_modseq, old_messages, old_octets from aox.mailboxes
        where account = the_account and id = the_mailbox for update;
    if not found then
        return;
    end if;
    if uids is null then
        select array_agg(uid) into uids from aox.mailbox_messages
            where account = the_account and mailbox = the_mailbox;
    end if;
    return query
        -- Each message is looked up by its key: with uid = any (uids), the whole mailbox would be compared with all uids.
        -- Where it lies stays true, because nothing in the mailbox changes while its row is locked.
        with wanted as materialized (
            select f.uid, f.place
            from unnest(uids) u (uid)
                cross join lateral (
                    select m.uid, m.ctid as place
                    from aox.mailbox_messages m
                    where m.account = the_account and m.mailbox = the_mailbox and m.uid = u.uid
                        and (not only_deleted or m.flags & 8 <> 0)
                    offset 0
                ) f
        ), gone as (
            delete from aox.mailbox_messages m
                using wanted w
                where m.account = the_account and m.mailbox = the_mailbox and m.uid = w.uid and m.ctid = w.place
                returning m.*
        ), kept as (
            insert into aox.tombstones
                (account, mailbox, uid, message, modseq, flags, keywords, internal_date, internal_zone, octets,
                 saved_at, deleted_by, door, client, reason)
            select g.account, g.mailbox, g.uid, g.message, old_modseq + 1, g.flags,
                case when g.keywords is not null then (
                    select array_agg(k.name order by k.id) from aox.mailbox_keywords k
                        where k.account = the_account and k.mailbox = the_mailbox and k.id = any (g.keywords)
                ) end,
                g.internal_date, g.internal_zone, g.octets, g.saved_at, who, the_door, the_client, the_reason
            from gone g
            returning uid
        ), counted as (
            update aox.mailboxes b
                set highestmodseq = old_modseq + 1,
                    messages = b.messages - c.messages,
                    unseen = b.unseen - c.unseen,
                    deleted = b.deleted - c.deleted,
                    octets = b.octets - c.octets
            from (select count(*) messages, count(*) filter (where flags & 1 = 0) unseen,
                         count(*) filter (where flags & 8 <> 0) deleted, coalesce(sum(octets), 0) octets
                  from gone) c
            where b.account = the_account and b.id = the_mailbox and c.messages > 0
            returning b.highestmodseq
        )
        select k.uid, old_modseq + 1, old_modseq from kept k order by k.uid;
    select messages, octets into new_messages, new_octets from aox.mailboxes
        where account = the_account and id = the_mailbox;
    if new_messages <> old_messages then
        perform from aox.count_usage(array[the_account], array[new_messages - old_messages],
                                     array[new_octets - old_octets], 0);
    end if;
end
$$;

grant select on aox.quotas, aox.quota_usage, aox.quota_pools, aox.quota_shares, aox.quota_roots, aox.quota_members
    to aox_server;
grant insert, delete on aox.quotas, aox.quota_pools to aox_server;
grant update (storage, messages, mailboxes, annotations) on aox.quotas to aox_server;
grant insert, update, delete on aox.quota_usage, aox.quota_shares to aox_server;
grant update (messages, octets) on aox.quota_pools to aox_server;
-- Expunging counts, too.
grant select (id, kind) on aox.accounts to aox_reaper;
grant select on aox.quotas, aox.quota_pools, aox.quota_members to aox_reaper;
grant select, insert, update on aox.quota_usage to aox_reaper;
grant select, insert, update, delete on aox.quota_shares to aox_reaper;
grant update (messages, octets) on aox.quota_pools to aox_reaper;
