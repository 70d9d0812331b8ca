-- When messages were deleted in a mailbox, which is when they came among those, and the message-ids that begin their
-- conversations. Locks nothing. In-Reply-To is empty only where there are references.
-- $1 account, $2 mailbox, $3 numbers of deleted messages, $4 whether the message-ids are wanted
select t.deleted_uid, t.deleted_at, g.root
from unnest($3::bigint[]) n (number)
    join aox.tombstones t on t.account = $1 and t.mailbox = $2 and t.deleted_uid = n.number
    left join lateral (
        select coalesce(nullif(split_part(reference_ids, e'\x1f', 1), ''), nullif(in_reply_to, ''), message_id) as root
        from aox.messages
        where $4 and account = $1 and id = t.message
        offset 0
    ) g on true
where t.message is not null
