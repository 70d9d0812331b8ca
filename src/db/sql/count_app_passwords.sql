-- The account of a login, and how many passwords its applications have. $1 login in lower case. Locks the account's row.
select a.id, (select count(*) from aox.credentials c where c.account = a.id and c.name is not null)
from aox.accounts a
where a.login_key = $1 and a.state <> 2
for no key update
