-- The account that a login opens, what its passwords are verified against, whether it may act for others, and what has failed
-- before. One row, also when there is no such account. $1 the login as it is compared, $2 the group of those who may act
-- for others, $3 subjects of failures, $4 the place of the client. Locks nothing.
select a.id, a.login, a.state = 1 as disabled, c.argon2id, c.scram_sha_256, c.scram_sha_1, t.ids, t.digests,
    $2 <> '' and exists(
        select from aox.groups g join aox.group_members m on m.group_id = g.id
        where g.name_key = $2 and m.account = a.id
    ) as administrator,
    f.subjects, f.counts, f.times,
    f.subjects is not null and exists(
        select from aox.login_places p where p.account = a.id and p.place = $4
    ) as known_place
from (values (1)) one (row)
    left join aox.accounts a on a.login_key = $1 and a.state <> 2
    left join aox.credentials c on c.account = a.id and c.name is null
    left join lateral (
        select array_agg(t.id order by t.id) as ids, array_agg(t.token_sha_256 order by t.id) as digests
        from aox.credentials t
        where t.account = a.id and t.name is not null
    ) t on true
    left join lateral (
        select array_agg(f.subject) as subjects, array_agg(f.count) as counts, array_agg(f.last_at) as times
        from aox.login_failures f
        where f.subject = any ($3)
    ) f on true
