-- The quotas that an account is under, its own first, with what is used of each. $1 account. Locks nothing.
select name, storage, messages, mailboxes, annotations, octets_used, messages_used, mailboxes_used, annotations_used
from (
    select 1 as kind, 'user/' || a.login as name, q.storage, q.messages, q.mailboxes, q.annotations,
        coalesce(u.octets, 0) as octets_used, coalesce(u.messages, 0) as messages_used,
        (select count(*) from aox.mailboxes b where b.account = a.id and b.deleted_at is null) as mailboxes_used,
        aox.annotation_octets(a.id) as annotations_used
    from aox.accounts a
        left join aox.quota_usage u on u.account = a.id
        left join lateral aox.quota_of(a.id) q on true
    where a.id = $1 and a.state <> 2
    union all
    select r.kind, r.name, r.storage, r.messages, r.mailboxes, r.annotations, p.octets, p.messages,
        (select count(*) from aox.quota_members o
            join aox.mailboxes b on b.account = o.account and b.deleted_at is null
         where o.quota = r.id),
        (select coalesce(sum(aox.annotation_octets(o.account)), 0)::bigint from aox.quota_members o where o.quota = r.id)
    from aox.quota_members m
        join aox.quota_roots r on r.id = m.quota
        join aox.quota_pools p on p.quota = m.quota
    where m.account = $1
) q
order by kind, name
