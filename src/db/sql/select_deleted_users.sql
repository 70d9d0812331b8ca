-- The users who were deleted and have not ended, with the addresses that went with them, and what can be taken back of their
-- mail. Locks nothing.
select a.login, false, a.created_at, coalesce(l.localparts, '{}'), coalesce(l.domains, '{}'),
    coalesce(t.messages, 0)::bigint, coalesce(t.octets, 0)::bigint, a.display_name, a.deleted_at
from aox.accounts a
    left join (
        select k.account, array_agg(r.localpart order by r.domain, r.localpart) as localparts,
            array_agg(r.domain order by r.domain, r.localpart) as domains
        from aox.taken_along k cross join lateral jsonb_populate_record(null::aox.aliases, k.content) r
        where k.relation = 'aliases' and k.mailbox is null and r.own
        group by k.account
    ) l on l.account = a.id
    left join (
        select account, count(*) as messages, sum(octets) as octets from aox.tombstones
        where deleted_uid is not null and message is not null and account in (select id from aox.accounts where state = 2)
        group by account
    ) t on t.account = a.id
where a.state = 2 and a.kind = 0
order by a.login_key, a.deleted_at
