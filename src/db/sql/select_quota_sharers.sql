-- The accounts that share a quota, or are counted as if they did. $1 quota. Locks nothing.
select account from aox.quota_members where quota = $1
union
select account from aox.quota_shares where quota = $1
