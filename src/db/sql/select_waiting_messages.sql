-- Messages of a mailbox that the text index has not reached, those included that have been taken out of it and may come
-- back. Locks nothing. Of either kind no more are read than are wanted.
-- $1 account, $2 mailbox, $3 the last uid that it has reached, $4 how many
select uid, message
from (
        (select uid, message from aox.mailbox_messages
         where account = $1 and mailbox = $2 and uid > $3
         order by uid limit $4)
        union all
        (select uid, message from aox.tombstones
         where account = $1 and mailbox = $2 and uid > $3 and message is not null
         order by uid limit $4)
    ) w
order by uid
limit $4
