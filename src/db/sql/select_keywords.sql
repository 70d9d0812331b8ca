-- The keywords of a mailbox. Locks nothing.
-- $1 account, $2 mailbox
select id, name
from aox.mailbox_keywords
where account = $1 and mailbox = $2
