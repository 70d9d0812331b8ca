-- Annotations of messages: those that all share, and those that are private to somebody. $1 account, $2 mailbox, $3 and
-- $4 first and last uids, side by side, $5 whose private ones, $6 regular expressions of which one matches the entry.
-- Locks nothing.
select a.uid, a.reader, a.entry, a.value
from unnest($3::bigint[], $4::bigint[]) r (uid_first, uid_last)
    cross join lateral (
        select uid, reader, entry, value from aox.annotations
        where account = $1 and mailbox = $2 and uid between r.uid_first and r.uid_last and reader in (0, $5)
            and value is not null and entry ~ any ($6::text[])
        offset 0
    ) a
order by a.uid, a.entry, a.reader desc
