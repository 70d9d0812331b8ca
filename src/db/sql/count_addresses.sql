-- How many addresses a user has. $1 key of the login. Locks the account, so that of two deletions one sees the other.
select (select count(*) from aox.aliases l where l.account = a.id and l.own)
from aox.accounts a
where a.login_key = $1 and a.state <> 2
for no key update
