-- The addresses and aliases that went with an account. $1 account
select r.localpart, r.domain, r.mailbox, r.own
from aox.taken_along k cross join lateral jsonb_populate_record(null::aox.aliases, k.content) r
where k.account = $1 and k.relation = 'aliases' and k.mailbox is null
order by r.own desc, r.domain, r.localpart
