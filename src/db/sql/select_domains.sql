-- The domains that are listed or have addresses, with how many. Locks nothing.
select coalesce(d.name, t.domain), d.name is not null, coalesce(t.addresses, 0), coalesce(t.aliases, 0),
    coalesce(t.takes_all, false)
from aox.domains d
    full join (select domain, count(distinct localpart) filter (where own) as addresses,
                   count(distinct localpart) filter (where not own) as aliases,
                   bool_or(localpart = '') as takes_all
               from aox.alias_targets group by domain) t on t.domain = d.name
order by 1
