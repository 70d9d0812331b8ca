-- The one way out of a mailbox, and the grants that make it the only one.
--
-- The server's role may not delete a message, a body, a tombstone or a policy, nor change a message. It calls
-- functions owned by aox_reaper, which leave a tombstone for everything that they take out of a mailbox.

-- Moves messages of one mailbox to tombstones and returns their uids. Takes the mailbox's row lock.
-- With only_deleted, messages without \Deleted stay. uids null means the whole mailbox.
create function aox.expunge(
    the_account bigint, the_mailbox bigint, uids bigint[], only_deleted boolean,
    who bigint, the_door text, the_client text, the_reason text
) returns table (expunged bigint, at_modseq bigint, before_modseq bigint)
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
declare
    old_modseq bigint;
begin
    select highestmodseq into old_modseq from aox.mailboxes
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
end
$$;

alter function aox.expunge(bigint, bigint, bigint[], boolean, bigint, text, text, text) owner to aox_reaper;
revoke all on function aox.expunge(bigint, bigint, bigint[], boolean, bigint, text, text, text) from public;
grant execute on function aox.expunge(bigint, bigint, bigint[], boolean, bigint, text, text, text) to aox_server;

grant usage on schema aox to aox_server, aox_reaper;
grant select on all tables in schema aox to aox_server;
grant select on aox.mailboxes, aox.mailbox_messages, aox.mailbox_keywords, aox.tombstones to aox_reaper;
grant update on aox.mailboxes to aox_reaper;
grant delete on aox.mailbox_messages to aox_reaper;
grant insert on aox.tombstones to aox_reaper;

grant usage on sequence aox.message_ids to aox_server;
grant insert on aox.accounts, aox.credentials, aox.mailboxes, aox.aliases, aox.subscriptions, aox.rights, aox.messages,
    aox.parts, aox.addresses, aox.message_addresses, aox.bodies, aox.body_chunks, aox.body_refs, aox.mailbox_messages,
    aox.mailbox_keywords, aox.change_log, aox.delivery_receipts, aox.policies to aox_server;
grant update (login, login_key, display_name, state, deleted_at) on aox.accounts to aox_server;
grant update (argon2id, scram_sha_256, created_at) on aox.credentials to aox_server;
grant update (name, uidvalidity, uidnext, highestmodseq, first_recent_uid, messages, unseen, octets, deleted, special_use,
    deleted_at) on aox.mailboxes to aox_server;
grant update (modseq, flags, keywords) on aox.mailbox_messages to aox_server;
grant update (rights) on aox.rights to aox_server;
grant delete on aox.credentials, aox.aliases, aox.subscriptions, aox.rights, aox.delivery_receipts to aox_server;
