-- Writes down which messages of a source are imported now; returns those that were not before. Waits for another import
-- of the same. $1 account, $2 mailbox, $3 the source, $4 what names the messages there
insert into aox.imported (account, mailbox, source, item)
select $1, $2, $3, i.item from (select distinct unnest($4::text[]) as item) i order by i.item
on conflict do nothing
returning item
