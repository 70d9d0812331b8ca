-- The passwords of a user's applications; one row without name when there are none. $1 login in lower case. Locks nothing.
select c.name, c.created_at, c.last_used_at
from aox.accounts a left join aox.credentials c on c.account = a.id and c.name is not null
where a.login_key = $1 and a.state <> 2
order by c.name
