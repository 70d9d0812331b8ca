-- Taking mail back takes the time that its messages need, and not that of each one for each that was deleted there.

-- As before, but messages are looked up by joining their numbers: PostgreSQL compares each row with each element of an
-- array that it knows only when it runs.
create or replace function aox.undelete(
    the_account bigint, source bigint, numbers bigint[], target_account bigint, target bigint, mask smallint,
    keyword_names text[], keyword_ids integer[], old_messages bigint[], new_messages bigint[], keep boolean
) returns table (uid bigint, message bigint, modseq bigint, flags smallint, keywords integer[],
                 internal_date timestamptz, internal_zone smallint, octets bigint, deleted_uid bigint)
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
#variable_conflict use_column
begin
    perform from aox.mailboxes b
        where (b.account, b.id) in ((the_account, source), (target_account, target))
        order by b.account, b.id for no key update;
    return query
        with wanted as materialized (
            select t.uid as old_uid, t.deleted_uid, t.message, t.flags, t.keywords, t.internal_date, t.internal_zone,
                t.octets, t.saved_at
            from unnest(numbers) n (number)
                join aox.tombstones t on t.account = the_account and t.mailbox = source and t.deleted_uid = n.number
            where t.message is not null
            for update of t
        ), copies as materialized (
            select b.uidnext - 1 + row_number() over (order by w.deleted_uid) as uid,
                coalesce(a.new_id, w.message) as message, b.highestmodseq + 1 as modseq,
                -- Else the next EXPUNGE would take them away again.
                w.flags & mask & ~8::smallint as flags,
                case when w.keywords is not null then (
                    select array_agg(k.id order by k.id)
                    from unnest(keyword_names, keyword_ids) k (name, id)
                    where k.name in (select lower(n) from unnest(w.keywords) n)
                ) end as keywords,
                w.internal_date, w.internal_zone, w.octets, w.deleted_uid, w.old_uid,
                case when keep or (source, the_account) <> (target, target_account) then now()
                     else w.saved_at end as saved_at
            from wanted w
                join aox.mailboxes b on b.account = target_account and b.id = target and b.deleted_at is null
                left join unnest(old_messages, new_messages) a (old_id, new_id) on a.old_id = w.message
            where target_account = the_account or a.new_id is not null
        ), placed as (
            insert into aox.mailbox_messages (account, mailbox, uid, message, modseq, flags, keywords, internal_date,
                    internal_zone, octets, saved_at)
                select target_account, target, c.uid, c.message, c.modseq, c.flags, c.keywords, c.internal_date,
                    c.internal_zone, c.octets, c.saved_at
                from copies c
        ), restored as (
            update aox.tombstones t set restored_at = now(), restored_message = t.message, message = null
                from copies c
                where not keep and t.account = the_account and t.mailbox = source and t.uid = c.old_uid
        ), counted as (
            update aox.mailboxes b
                set uidnext = b.uidnext + c.messages, highestmodseq = b.highestmodseq + 1,
                    messages = b.messages + c.messages, unseen = b.unseen + c.unseen, octets = b.octets + c.octets
                from (select count(*) as messages, count(*) filter (where flags & 1 = 0) as unseen,
                             sum(octets) as octets
                      from copies) c
                where b.account = target_account and b.id = target and c.messages > 0
        ), left_behind as (
            update aox.mailboxes b set highestmodseq = b.highestmodseq + 1
                where b.account = the_account and b.id = source and not keep
                    and (source, the_account) <> (target, target_account) and exists (select from copies)
        )
        select c.uid, c.message, c.modseq, c.flags, c.keywords, c.internal_date, c.internal_zone, c.octets, c.deleted_uid
        from copies c order by c.uid;
end
$$;
