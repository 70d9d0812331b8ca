-- The users all of whose addresses are in the domain $1. Locks nothing.
select a.login
from aox.accounts a
where a.state <> 2 and a.kind = 0
    and exists (select from aox.aliases l where l.account = a.id and l.own and l.domain = $1)
    and not exists (select from aox.aliases l where l.account = a.id and l.own and l.domain <> $1)
order by a.login_key
