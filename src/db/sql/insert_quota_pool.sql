-- Begins to count what a group or a domain holds together, if that is not done yet. $1 quota.
insert into aox.quota_pools (quota) select id from aox.quotas where id = $1 and kind in (2, 3)
on conflict do nothing
