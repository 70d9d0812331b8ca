-- Locks the rows of mailboxes of one account, in the order of their ids, and reads where they stand.
-- $1 account, $2 mailboxes
select id, uidvalidity, uidnext, highestmodseq
from aox.mailboxes
where account = $1 and id = any ($2) and deleted_at is null
order by id
for no key update
