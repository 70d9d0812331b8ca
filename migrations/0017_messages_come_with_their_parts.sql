-- What one statement writes beside a message is not looked up again, row by row, by foreign keys.
--
-- A delivery spent a quarter of its time on them. The rows of a message's parts and addresses are written together with
-- the message, by the same statement, and by nothing else; whoever ends messages takes these rows first. The account of
-- a new message is there as long as the mailbox is whose row the same transaction locks. Where others may take away
-- what is referred to, foreign keys stay: those of mailboxes to messages, and of messages to bodies.

alter table aox.parts drop constraint parts_account_message_fkey;
alter table aox.message_addresses drop constraint message_addresses_account_message_fkey;
alter table aox.messages drop constraint messages_account_fkey;

-- Fails. A statement that finds what must not be committed calls this, and so what was sent behind it, the COMMIT
-- included, is not done; nobody has to wait for the answer before sending that.
create function aox.refuse(why text) returns boolean
    language plpgsql
as $$
begin
    raise exception using errcode = 'AX002', message = why;
end
$$;
