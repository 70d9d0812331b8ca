-- The pools that are not what their members hold. Locks nothing.
select r.id, r.name, p.messages, p.octets, m.messages, m.octets
from aox.quota_pools p
    join aox.quota_roots r on r.id = p.quota
    cross join lateral (
        select coalesce(sum(u.messages), 0)::bigint as messages, coalesce(sum(u.octets), 0)::bigint as octets
        from aox.quota_members o join aox.quota_usage u on u.account = o.account
        where o.quota = p.quota
    ) m
where (p.messages, p.octets) <> (m.messages, m.octets)
order by r.name
