-- A mailbox, and all below it, that are there or were deleted: the newest of each name first; with how many messages
-- went when it was deleted and can be taken back. Locks nothing. $1 account, $2 name
select m.id, m.name, m.deleted_at is null, (
    select count(*) from aox.tombstones t
    where t.account = m.account and t.mailbox = m.id and t.deleted_uid is not null and t.message is not null
        and lower(t.reason) = any ($3)
)
from aox.mailboxes m
where m.account = $1 and (m.name = $2 or starts_with(m.name, $2 || '/'))
order by m.name, m.deleted_at desc nulls first, m.id desc
