-- A page of messages with what rebuilds them, in the order of their keys. $1 account and $2 message after which it
-- begins, $3 how many. Locks nothing.
select m.account, m.id, a.login, m.digest, m.header, m.recipe, m.octets, m.verbatim
from aox.messages m join aox.accounts a on a.id = m.account
where (m.account, m.id) > ($1, $2)
order by m.account, m.id
limit $3
