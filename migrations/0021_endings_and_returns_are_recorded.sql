-- What ends for good, and what is taken back, is recorded by the database itself, as deletions are.

-- A tombstone of a message that was not taken back ends with it, or with its last place.
create function aox.note_ending() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
begin
    insert into aox.audit (kind, account, mailbox, door, uids, detail)
        select 'ending', account, mailbox, 'aox', aox.uid_set(array_agg(uid)), jsonb_build_object('messages', count(*))
        from gone
        where message is not null
        group by account, mailbox;
    return null;
end
$$;
create trigger endings_are_noted after delete on aox.tombstones
    referencing old table as gone
    for each statement execute function aox.note_ending();

-- Who takes something back, the transaction says, when it knows.
create function aox.note_return() returns trigger
    language plpgsql security definer
    set search_path = aox, pg_temp
as $$
begin
    insert into aox.audit (kind, account, mailbox, by_account, door, client, uids, detail)
        select 'undelete', n.account, n.mailbox, nullif(current_setting('aox.acting_account', true), '')::bigint,
            coalesce(nullif(current_setting('aox.acting_door', true), ''), 'imap'),
            nullif(current_setting('aox.acting_client', true), ''),
            aox.uid_set(array_agg(n.uid)), jsonb_build_object('messages', count(*))
        from now_so n join before b on b.account = n.account and b.mailbox = n.mailbox and b.uid = n.uid
        where b.restored_at is null and n.restored_at is not null
        group by n.account, n.mailbox;
    return null;
end
$$;
create trigger returns_are_noted after update on aox.tombstones
    referencing old table as before new table as now_so
    for each statement execute function aox.note_return();

alter function aox.note_ending() owner to aox_reaper;
alter function aox.note_return() owner to aox_reaper;
revoke execute on function aox.note_ending(), aox.note_return() from public;
