-- Notes when passwords of applications were used, to the minute. $1 accounts, $2 credentials, $3 now. Locks the rows that it
-- changes.
update aox.credentials c set last_used_at = $3
from (select distinct account, id from unnest($1::bigint[], $2::bigint[]) u (account, id)) u
where c.account = u.account and c.id = u.id
    and (c.last_used_at is null or c.last_used_at < $3::timestamptz - interval '1 minute')
