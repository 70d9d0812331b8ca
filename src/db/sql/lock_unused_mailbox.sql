-- A mailbox that messages are imported into, with whether it has this uidvalidity, and whether it has never held a
-- message. Locks its row. $1 account, $2 name, $3 uidvalidity
select id, uidvalidity = $3, uidnext = 1
from aox.mailboxes
where account = $1 and name = $2 and deleted_at is null
for update
