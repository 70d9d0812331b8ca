-- A mailbox and its owner, be they deleted or not. Locks nothing. $1 account, $2 mailbox
select a.login, a.state = 2, m.name, m.deleted_at is null
from aox.accounts a join aox.mailboxes m on m.account = a.id
where a.id = $1 and m.id = $2
