-- How many annotations messages have, by whose they are, and how many octets these have: the most of each that any message
-- has. $1 account, $2 mailbox, $3 uids. Locks nothing.
select max(c.entries), max(c.octets)
from (
    select count(*) as entries, sum(octet_length(a.value))::bigint as octets
    from unnest($3::bigint[]) w (uid)
        join aox.annotations a on a.account = $1 and a.mailbox = $2 and a.uid = w.uid
    where a.value is not null
    group by a.uid, a.reader
) c
having count(*) > 0
