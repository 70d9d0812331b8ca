-- The keywords that some deleted messages of a mailbox carry. Locks nothing. $1 account, $2 mailbox, $3 their numbers
select distinct on (lower(k.name)) k.name
from unnest($3::bigint[]) n (number)
    join aox.tombstones t on t.account = $1 and t.mailbox = $2 and t.deleted_uid = n.number
    cross join lateral unnest(t.keywords) k (name)
where t.message is not null
order by lower(k.name)
