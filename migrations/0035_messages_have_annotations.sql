-- Messages have annotations (RFC 5257), and there is a right to write those that all share.

-- An entry of a message in a mailbox. It stays with the tombstone when the message is deleted, and ends with that.
create table aox.annotations (
    account bigint not null,
    mailbox bigint not null,
    uid     bigint not null,
    -- Whose it is, if it is private; 0: all share it.
    reader  bigint not null default 0,
    entry   text   not null collate "C",
    -- Null: it has been removed; who has not heard of that yet finds it here.
    value   bytea,
    -- When that changed last.
    modseq  bigint not null,
    primary key (account, mailbox, uid, reader, entry),
    foreign key (account, mailbox) references aox.mailboxes (account, id) on delete cascade
);
create index annotations_modseq on aox.annotations (account, mailbox, modseq);
create index annotations_reader on aox.annotations (reader) where reader <> 0;

-- 2048 n: annotations that all share are written.
alter table aox.rights drop constraint rights_rights_check;
alter table aox.rights add constraint rights_rights_check check (rights between 1 and 4095);

create or replace function aox.right_letters(rights integer) returns text
    language sql immutable parallel safe
begin atomic
    select string_agg(substr('lrswipkxtean', n, 1), '' order by n)
    from generate_series(1, 12) n
    where rights & (1 << (n - 1)) <> 0;
end;

-- The octets of the annotations of all messages in the mailboxes of an account; those of deleted messages do not count.
create function aox.annotation_octets(the_account bigint) returns bigint
    language sql stable
begin atomic
    select coalesce(sum(octet_length(a.value)), 0)::bigint
    from aox.annotations a
    where a.account = the_account
        and exists (select from aox.mailbox_messages m
                    where m.account = a.account and m.mailbox = a.mailbox and m.uid = a.uid);
end;

-- The quota that allows fewer octets of annotations than an account, or all that share it, have now; null when none does.
-- Locks the rows of the pools, so that two members' annotations are counted one after the other.
create function aox.annotations_over_quota(the_account bigint) returns bigint
    language plpgsql
    set search_path = aox, pg_temp
as $$
declare
    over bigint;
begin
    if not exists (select from aox.quotas where annotations is not null) then
        return null;
    end if;
    perform from aox.quota_pools p
        where p.quota in (select m.quota from aox.quota_members m where m.account = the_account)
        order by p.quota for no key update;
    select q.id into over
        from aox.quota_of(the_account) q
        where q.annotations < aox.annotation_octets(the_account);
    if over is null then
        select q.id into over
            from aox.quota_members m join aox.quotas q on q.id = m.quota
            where m.account = the_account
                and q.annotations < (select sum(aox.annotation_octets(o.account)) from aox.quota_members o
                                     where o.quota = q.id)
            limit 1;
    end if;
    return over;
end
$$;

-- Annotations end with what is left of their messages.
create function aox.end_annotations() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
begin
    if exists (select from aox.annotations) then
        delete from aox.annotations a
            using ended e
            where a.account = e.account and a.mailbox = e.mailbox and a.uid = e.uid;
    end if;
    return null;
end
$$;
alter function aox.end_annotations() owner to aox_reaper;
revoke all on function aox.end_annotations() from public;
create trigger end_annotations after delete on aox.tombstones
    referencing old table as ended for each statement execute function aox.end_annotations();

-- As before, and what somebody has written down for himself about messages goes, too.
create or replace function aox.end_private_metadata() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
begin
    delete from aox.metadata m where m.reader = old.id;
    delete from aox.annotations a where a.reader = old.id;
    return null;
end
$$;

create view aox_v1.annotations as
    select a.account, a.mailbox, a.uid, nullif(a.reader, 0) as reader, a.entry, aox.octets_to_text(a.value) as value
    from aox.annotations a
    where a.value is not null
        and exists (select from aox.mailbox_messages m
                    where m.account = a.account and m.mailbox = a.mailbox and m.uid = a.uid);

grant select, insert, update (value, modseq) on aox.annotations to aox_server;
grant select, delete on aox.annotations to aox_reaper;
