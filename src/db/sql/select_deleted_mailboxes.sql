-- The mailboxes that were deleted and have not ended, also those of users who were deleted, with what can be taken back of
-- their mail. $1 a login in lower case, or null for everybody's. Locks nothing.
select a.login, m.name, t.messages, t.unseen, t.octets, m.special_use, m.deleted_at
from aox.accounts a
    join aox.mailboxes m on m.account = a.id
    cross join lateral (
        select count(*) as messages, count(*) filter (where t.flags & 1 = 0) as unseen, coalesce(sum(t.octets), 0)::bigint as octets
        from aox.tombstones t
        where t.account = m.account and t.mailbox = m.id and t.deleted_uid is not null and t.message is not null
    ) t
where m.deleted_at is not null and ($1::text is null or a.login_key = $1)
order by a.login_key, m.name, m.deleted_at
