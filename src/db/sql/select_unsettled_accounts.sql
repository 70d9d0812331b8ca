-- The accounts that share a limit and are not counted for it yet, and those that are and do not share it any more.
-- Locks nothing.
select m.account
from aox.quota_members m left join aox.quota_shares s on s.account = m.account and s.quota = m.quota
where s.account is null
union
select s.account
from aox.quota_shares s left join aox.quota_members m on m.account = s.account and m.quota = s.quota
where m.account is null
