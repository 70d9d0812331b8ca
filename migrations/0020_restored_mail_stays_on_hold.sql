-- What was taken back is kept where it was deleted for as long as policies say: a message that was deleted in a mailbox
-- on hold, and is taken back into another one, does not end when it is deleted there.
--
-- The tombstone of such a message names it in another column; here both count. When the message would end anywhere
-- else, it is given back to that tombstone. It has no number any more among what clients see as deleted, because numbers
-- that were seen to go must not come again; `aox why` and exports find it.

create index tombstones_restored on aox.tombstones (account, restored_message) where restored_message is not null;
grant update (deleted_uid) on aox.tombstones to aox_reaper;

-- As before, with what was taken back.
create or replace function aox.end_tombstones(
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
                where aox.covers(p, row((d.t).account, (d.t).mailbox, (d.t).uid,
                                        coalesce((d.t).message, (d.t).restored_message), (d.t).flags, (d.t).keywords,
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
            returning t.account, t.mailbox, coalesce(t.message, t.restored_message) as message, t.modseq
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
    -- One that was taken back, and was deleted again where nothing keeps it, is still deleted where it was before.
    with again as (
        update aox.tombstones t
            set message = t.restored_message, restored_message = null, restored_at = null, deleted_uid = null
            from unnest(accounts, messages) e (account, message)
            where t.account = e.account and t.restored_message = e.message and t.message is null
            returning t.account, t.message
    )
    select array_agg(e.account), array_agg(e.message) into accounts, messages
        from unnest(accounts, messages) e (account, message)
        where (e.account, e.message) not in (select g.account, g.message from again g);
    if messages is not null then
        select c.messages, c.octets into ended_messages, ended_octets from aox.end_messages(accounts, messages) c;
    end if;
    return next;
end
$$;
