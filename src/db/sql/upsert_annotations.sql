-- Gives messages annotations; null removes one. $1 account, $2 mailbox, $3 uids, and side by side $4 whose each is, $5
-- entries, $6 values; $7 the mod-sequence.
insert into aox.annotations as a (account, mailbox, uid, reader, entry, value, modseq)
select $1, $2, m.uid, n.reader, n.entry, n.value, $7
from unnest($3::bigint[]) m (uid)
    cross join unnest($4::bigint[], $5::text[], $6::bytea[]) n (reader, entry, value)
where n.value is not null
    or exists (select from aox.annotations o
               where o.account = $1 and o.mailbox = $2 and o.uid = m.uid and o.reader = n.reader and o.entry = n.entry)
on conflict (account, mailbox, uid, reader, entry) do update set value = excluded.value, modseq = excluded.modseq
