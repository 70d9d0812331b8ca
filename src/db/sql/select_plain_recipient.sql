-- The mailboxes that aliases of exactly an address lead to, and whether the local-part is written as the alias is; no mailbox
-- where one has been deleted. Nothing where an alias leads to another address, or where there are quotas. Locks nothing.
-- $1 domain, $2 local-part, $3 its key, $4 how many at most
select a.account, case when exists (select from aox.accounts c where c.id = a.account and c.state <> 2) then (
        select m.id from aox.mailboxes m where m.account = a.account and m.id = a.mailbox and m.deleted_at is null
    ) end, a.localpart = $2
from aox.aliases a
where a.domain = $1 and a.localpart_key = $3
    and not exists (select from aox.redirects r where r.domain = $1 and r.localpart_key = $3)
    and not exists (select from aox.quotas)
limit $4
