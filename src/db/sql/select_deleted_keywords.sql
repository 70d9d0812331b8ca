-- The keywords that some deleted messages of a mailbox carry. Locks nothing. $1 account, $2 mailbox, $3 their numbers
select distinct on (lower(k.name)) k.name
from aox.tombstones t cross join lateral unnest(t.keywords) k (name)
where t.account = $1 and t.mailbox = $2 and t.deleted_uid = any ($3) and t.message is not null
order by lower(k.name)
