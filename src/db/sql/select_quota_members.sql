-- The accounts that share a quota. $1 quota. Locks nothing.
select account from aox.quota_members where quota = $1
