-- Sets entries to values; null removes one. $1 account, $2 mailbox, $3 whose each is, $4 entries, $5 values, $6 the number
-- of the change, $7 the connection that makes it.
insert into aox.metadata as m (account, mailbox, reader, entry, value, version, changed_by)
select $1, $2, n.reader, n.entry, n.value, $6, $7
from unnest($3::bigint[], $4::text[], $5::bytea[]) n (reader, entry, value)
where n.value is not null
    or exists (select from aox.metadata o
               where o.account = $1 and o.mailbox = $2 and o.reader = n.reader and o.entry = n.entry)
on conflict (account, mailbox, reader, entry) do update
    set value = excluded.value, version = excluded.version, changed_by = excluded.changed_by
