-- How some messages of a mailbox were deleted. Locks nothing. $1 account, $2 mailbox, $3 numbers of deleted messages
select t.deleted_uid, t.deleted_at, a.login, t.door, t.client, t.reason
from unnest($3::bigint[]) n (number)
    join aox.tombstones t on t.account = $1 and t.mailbox = $2 and t.deleted_uid = n.number
    left join aox.accounts a on a.id = t.deleted_by
