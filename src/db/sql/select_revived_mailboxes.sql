-- The mailboxes of an account out of which something went for some reasons and can be taken back. Locks nothing.
-- $1 account, $2 when it was deleted, null if it was not, $3 the reasons in lower case
select m.id, m.name, t.messages
from aox.mailboxes m
    cross join lateral (
        select count(*) as messages from aox.tombstones t
        where t.account = m.account and t.mailbox = m.id and t.deleted_uid is not null and t.message is not null
            and lower(t.reason) = any ($3)
    ) t
where m.account = $1 and (m.deleted_at is null or m.deleted_at = $2) and (m.deleted_at is not null or t.messages > 0)
order by m.id
