-- Messages of a mailbox that the text index has not reached. Locks nothing.
-- $1 account, $2 mailbox, $3 the last uid that it has reached, $4 how many
select uid, message
from aox.mailbox_messages
where account = $1 and mailbox = $2 and uid > $3
order by uid
limit $4
