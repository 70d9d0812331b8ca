-- Annotations of deleted messages, which have other numbers than they had: as select_annotations.sql. $1 account, $2
-- mailbox, $3 and $4 first and last numbers, side by side, $5 whose private ones, $6 regular expressions. Locks nothing.
select t.deleted_uid, a.reader, a.entry, a.value
from unnest($3::bigint[], $4::bigint[]) r (uid_first, uid_last)
    join aox.tombstones t on t.account = $1 and t.mailbox = $2 and t.deleted_uid between r.uid_first and r.uid_last
    join aox.annotations a on a.account = t.account and a.mailbox = t.mailbox and a.uid = t.uid
where t.message is not null and a.reader in (0, $5) and a.value is not null and a.entry ~ any ($6::text[])
order by t.deleted_uid, a.entry, a.reader desc
