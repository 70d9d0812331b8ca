-- Expunging neither looks up nor locks the wide rows of the messages that it takes out of a mailbox.
--
-- That a message stays as long as a tombstone names it is checked when the message ends, which is rare, rather than
-- when it is expunged: the foreign key wrote a lock into the row of each message, and took a third of the time.

alter table aox.tombstones drop constraint tombstones_account_message_fkey;

-- A tombstone is only made out of a row of a mailbox, in one transaction, and that row has a foreign key. Where
-- messages are deleted already, no new row can refer to them; so one look at both tables, which sees each message
-- in one of them at least, tells whether something still needs them.
create function aox.keep_messages_of_tombstones() returns trigger
    language plpgsql
    set search_path = aox, pg_temp
as $$
declare
    kept bigint;
begin
    select g.id into kept
        from gone g
        where exists (select from aox.tombstones t where t.account = g.account and t.message = g.id)
            or exists (select from aox.mailbox_messages m where m.account = g.account and m.message = g.id)
        limit 1;
    if found then
        raise foreign_key_violation using
            message = format('message %s is still in a mailbox or can be taken back', kept),
            table = 'messages';
    end if;
    return null;
end
$$;
create trigger messages_of_tombstones_stay after delete on aox.messages
    referencing old table as gone
    for each statement execute function aox.keep_messages_of_tombstones();
