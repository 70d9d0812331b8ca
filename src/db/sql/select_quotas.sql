-- The quotas that were set, with what is used of each; the default has no usage of its own. Locks nothing.
-- $1 kind, $2 account, $3 group, $4 domain of one; or a kind that is null, for all
select r.name, r.storage, r.messages, r.mailboxes, r.annotations, coalesce(p.octets, u.octets, 0),
    coalesce(p.messages, u.messages, 0),
    case r.kind when 0 then 0
                when 1 then (select count(*) from aox.mailboxes b where b.account = r.account and b.deleted_at is null)
                else (select count(*) from aox.quota_members o
                      join aox.mailboxes b on b.account = o.account and b.deleted_at is null
                      where o.quota = r.id) end,
    case r.kind when 0 then 0
                when 1 then aox.annotation_octets(r.account)
                else (select coalesce(sum(aox.annotation_octets(o.account)), 0)::bigint from aox.quota_members o
                      where o.quota = r.id) end
from aox.quota_roots r
    left join aox.quota_pools p on p.quota = r.id
    left join aox.quota_usage u on u.account = r.account
where $1::smallint is null or r.kind = $1 and r.account is not distinct from $2 and r.group_id is not distinct from $3
    and r.domain is not distinct from $4
order by r.kind, r.name
