-- The members of the group $1. Locks nothing.
select a.login, a.display_name, a.state = 1
from aox.group_members m join aox.accounts a on a.id = m.account and a.state <> 2
where m.group_id = $1
order by a.login_key
