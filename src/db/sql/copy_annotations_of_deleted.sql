-- As copy_annotations.sql, for messages that come back: $3 are their numbers among the deleted. The tombstones are still
-- there.
insert into aox.annotations (account, mailbox, uid, reader, entry, value, modseq)
select $4, $5, n.target, a.reader, a.entry, a.value, $10
from unnest($3::bigint[], $6::bigint[]) n (source, target)
    join aox.tombstones t on t.account = $1 and t.mailbox = $2 and t.deleted_uid = n.source
    join aox.annotations a on a.account = t.account and a.mailbox = t.mailbox and a.uid = t.uid
where a.value is not null and ($9 or case a.reader when 0 then $7 else a.reader = $8 end)
