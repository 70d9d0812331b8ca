-- Takes a user out of the group $1. $2 key of the login.
delete from aox.group_members m
using aox.accounts a
where m.group_id = $1 and m.account = a.id and a.login_key = $2 and a.state <> 2
