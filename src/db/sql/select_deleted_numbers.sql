-- The numbers of what went out of a mailbox for some reasons and can be taken back. Locks nothing.
-- $1 account, $2 mailbox, $3 the reasons in lower case
select deleted_uid
from aox.tombstones
where account = $1 and mailbox = $2 and deleted_uid is not null and message is not null and lower(reason) = any ($3)
order by deleted_uid
