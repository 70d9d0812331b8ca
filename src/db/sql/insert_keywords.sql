-- Gives keywords of a mailbox their ids. The caller holds the lock of the mailbox's row.
-- account $1, mailbox $2, ids $3, names $4, their keys $5.
insert into aox.mailbox_keywords (account, mailbox, id, name, name_key)
    select $1, $2, k.id, k.name, k.name_key from unnest($3::integer[], $4::text[], $5::text[]) k (id, name, name_key)
