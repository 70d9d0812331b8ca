-- A mailbox by the login of its owner. $1 login in lower case, $2 name. Keeps it from being deleted meanwhile.
select m.account, m.id
from aox.accounts a join aox.mailboxes m on m.account = a.id
where a.login_key = $1 and a.state <> 2 and m.name = $2 and m.deleted_at is null
for key share of m
