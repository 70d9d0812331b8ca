-- A mailbox has been indexed up to a uid.
-- $1 account, $2 mailbox, $3 uid
insert into aox.text_mailboxes (account, mailbox, uid) values ($1, $2, $3)
on conflict (account, mailbox) do update set uid = excluded.uid
