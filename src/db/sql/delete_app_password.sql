-- Takes the password of an application back. $1 login in lower case, $2 name.
delete from aox.credentials c using aox.accounts a
where a.login_key = $1 and a.state <> 2 and c.account = a.id and c.name = $2
