-- Deleted mail can be taken back: by administrators, and by users, to whom it looks like mailboxes of their own.

-- The names below this level lead to deleted mail from now on, so nobody's own may have them.
update aox.mailboxes set name = 'Deleted Messages (own)' || substr(name, 17) where name like 'Deleted Messages/%';
update aox.subscriptions set name = 'Deleted Messages (own)' || substr(name, 17) where name like 'Deleted Messages/%';

-- Deleted messages of a mailbox have a numbering of their own, in the order in which they were deleted: a client that
-- looks at them must never see one appear before another.
alter table aox.mailboxes add column deleted_uidnext bigint not null default 1;

alter table aox.tombstones
    -- The message, until it has been taken back.
    alter column message drop not null,
    -- The number among what was deleted in that mailbox; null when the message was moved, and so is somewhere else.
    add column deleted_uid bigint,
    -- When it was taken back, and which message it was. The tombstone stays, because clients that have been away must
    -- still hear that its uid is gone.
    add column restored_at timestamptz,
    add column restored_message bigint;

update aox.tombstones t set deleted_uid = n.number
from (select account, mailbox, uid, row_number() over (partition by account, mailbox order by modseq, uid) as number
      from aox.tombstones where lower(reason) not in ('move', 'rename')) n
where t.account = n.account and t.mailbox = n.mailbox and t.uid = n.uid;
update aox.mailboxes b set deleted_uidnext = t.last + 1
from (select account, mailbox, max(deleted_uid) as last from aox.tombstones where deleted_uid is not null
      group by account, mailbox) t
where b.account = t.account and b.id = t.mailbox;

-- What went when a mailbox or an account was deleted, and comes back with it: rows of other tables as they were.
create table aox.taken_along (
    account  bigint not null references aox.accounts (id) on delete cascade,
    id       bigint generated always as identity,
    -- The mailbox that was deleted; null for the account.
    mailbox  bigint,
    -- The table that the row was in, without the schema.
    relation text   not null
        check (relation in ('accounts', 'aliases', 'credentials', 'group_members', 'rights', 'subscriptions')),
    content  jsonb  not null,
    primary key (account, id),
    foreign key (account, mailbox) references aox.mailboxes (account, id) on delete cascade
);
grant select, insert, delete on aox.taken_along to aox_server;

-- The mailboxes out of which something can be taken back, or into which something may be deleted, under the names that
-- their owners have for them: of several that had one name, the one that is there or was deleted last has it, and the
-- others are told apart by the time of their end.
create view aox.mailboxes_of_deleted as
    select account, id, name as old_name, deleted_at, holds_any,
        case when row_number() over same_name = 1 then name
             else name || ' (deleted ' || to_char(deleted_at at time zone 'UTC',
                case when count(*) over (partition by account, name, date_trunc('second', deleted_at)) = 1
                    then 'YYYY-MM-DD HH24.MI.SS' else 'YYYY-MM-DD HH24.MI.SS.US' end) || ')' end as name
    from (
        select b.account, b.id, b.name, b.deleted_at, exists (
            select from aox.tombstones t
            where t.account = b.account and t.mailbox = b.id and t.deleted_uid is not null and t.message is not null
        ) as holds_any
        from aox.mailboxes b
    ) m
    where deleted_at is null or holds_any
    window same_name as (partition by account, name order by deleted_at desc nulls first, id desc);
grant select on aox.mailboxes_of_deleted to aox_server;

-- As before, and what is expunged is numbered among what was deleted there, unless it was moved.
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
    first_deleted_uid bigint;
begin
    select highestmodseq, messages, octets, deleted_uidnext into old_modseq, old_messages, old_octets, first_deleted_uid
        from aox.mailboxes
        where account = the_account and id = the_mailbox for update;
    if not found then
        return;
    end if;
    if lower(the_reason) in ('move', 'rename') then
        first_deleted_uid := null;
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
                 saved_at, deleted_by, door, client, reason, deleted_uid)
            select g.account, g.mailbox, g.uid, g.message, old_modseq + 1, g.flags,
                case when g.keywords is not null then (
                    select array_agg(k.name order by k.id) from aox.mailbox_keywords k
                        where k.account = the_account and k.mailbox = the_mailbox and k.id = any (g.keywords)
                ) end,
                g.internal_date, g.internal_zone, g.octets, g.saved_at, who, the_door, the_client, the_reason,
                first_deleted_uid - 1 + row_number() over (order by g.uid)
            from gone g
            returning uid
        ), counted as (
            update aox.mailboxes b
                set highestmodseq = old_modseq + 1,
                    messages = b.messages - c.messages,
                    unseen = b.unseen - c.unseen,
                    deleted = b.deleted - c.deleted,
                    octets = b.octets - c.octets,
                    deleted_uidnext = coalesce(first_deleted_uid + c.messages, b.deleted_uidnext)
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

-- Puts deleted messages into a mailbox, as many of them as are still there, in the order in which they were deleted: with
-- the flags (those of the mask), keywords and dates that they had, under new uids. They are told of no more as deleted,
-- unless they are kept there too. numbers are those among what was deleted in the source. Keywords are named in lower
-- case, side by side with their ids in the target. Of messages for another account, new_messages names the ones
-- that stand for them there, side by side with old_messages. What they take up is counted by the caller. Locks the rows of both mailboxes,
-- which the caller should have done before, and those of the tombstones, so that they do not end meanwhile.
create function aox.undelete(
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
            from aox.tombstones t
            where t.account = the_account and t.mailbox = source and t.deleted_uid = any (numbers)
                and t.message is not null
            for update
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
alter function aox.undelete(bigint, bigint, bigint[], bigint, bigint, smallint, text[], integer[], bigint[], bigint[], boolean)
    owner to aox_reaper;
revoke all on function
    aox.undelete(bigint, bigint, bigint[], bigint, bigint, smallint, text[], integer[], bigint[], bigint[], boolean)
    from public;
grant execute on function
    aox.undelete(bigint, bigint, bigint[], bigint, bigint, smallint, text[], integer[], bigint[], bigint[], boolean)
    to aox_server;
grant insert on aox.mailbox_messages to aox_reaper;
grant update (restored_at, restored_message, message) on aox.tombstones to aox_reaper;
