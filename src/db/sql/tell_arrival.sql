-- The event by which the message $1 came, which arrived at $2 by the clock of its host; what waits for a database that is
-- away is recorded later. Locks nothing.
select e.id, e.at, e.kind, w.login, e.door, e.client, m.detail::text
from aox.audit e
    cross join lateral (
        select detail from jsonb_array_elements(e.detail -> 'messages') d (detail)
        where (detail ->> 'message')::bigint = $1
    ) m
    left join aox.accounts w on w.id = e.by_account
where e.kind in ('delivery', 'append') and e.at between $2::timestamptz - interval '5 minutes' and $2::timestamptz + interval '1 hour'
order by e.at
limit 1
