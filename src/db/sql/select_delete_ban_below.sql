-- What keeps somebody from deleting in a mailbox below a name. $1 who acts, null for a command of an administrator, $2
-- account, $3 the name. Locks nothing.
select min(aox.delete_ban($1, account, id))
from aox.mailboxes
where account = $2 and deleted_at is null and starts_with(name, $3 || '/')
