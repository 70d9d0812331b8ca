-- Who gets mail for an address: the mailboxes of the best alias, and of the addresses that it leads to. Locks nothing.
-- domains $1, and from the best to the least local-parts $2, their keys $3, subaddresses $4 (empty: none); at most $5.
-- With each mailbox comes how much more its account may hold; null is no limit.
--
-- The whole local-part is better than one without its subaddress, and the empty one, which takes all of a domain, is
-- the least; of two that differ in case only, the one that is written exactly so is better. UNION drops what was met
-- before, so that aliases that lead to each other come to an end. With a subaddress mail goes to the user's mailbox of
-- that name, if there is one; and when an alias names a mailbox that was deleted, to INBOX.
with recursive walk (account, mailbox, domain, localpart, localpart_key, detail) as (
    (select t.account, t.mailbox, t.target_domain, t.target_localpart, t.target_localpart_key, c.detail
    from unnest($2::text[], $3::text[], $4::text[]) with ordinality c (localpart, localpart_key, detail, rank)
        join aox.alias_targets t on t.localpart_key = c.localpart_key
    where t.domain = any ($1::text[])
    order by c.rank, t.localpart <> c.localpart
    fetch first 1 row with ties)
    union
    select t.account, t.mailbox, t.target_domain, t.target_localpart, t.target_localpart_key, w.detail
    from walk w cross join lateral (
        select *
        from aox.alias_targets a
        where a.domain = w.domain and a.localpart_key in (w.localpart_key, '')
        order by a.localpart_key = '', a.localpart <> w.localpart
        fetch first 1 row with ties
    ) t
    where w.domain is not null
)
-- Each account is looked up by its key, and quotas are asked about where there are any: the planner, who knows neither
-- how few rows a walk has nor that most sites have no quotas, would read all accounts.
select t.account, t.mailbox, q.messages, q.octets
from (
    select distinct w.account, b.mailbox
    from walk w
        cross join lateral (
            select a.kind from aox.accounts a where a.id = w.account and a.state <> 2 offset 0
        ) c
        cross join lateral (select coalesce(
            (select m.id from aox.mailboxes m
                where w.detail <> '' and c.kind = 0 and m.account = w.account and lower(m.name) = lower(w.detail)
                    and m.deleted_at is null
                order by m.name = w.detail desc, m.id limit 1),
            (select m.id from aox.mailboxes m
                where m.account = w.account and m.id = w.mailbox and m.deleted_at is null),
            (select m.id from aox.mailboxes m
                where m.account = w.account and m.name = 'INBOX' and m.deleted_at is null)) as mailbox) b
) t left join lateral (
    select r.messages, r.octets from aox.quota_room(t.account) r where exists (select from aox.quotas)
) q on true
order by 1, 2
limit $5
