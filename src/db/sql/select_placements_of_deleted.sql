-- The same of messages that were deleted in a mailbox: they came among those when they were deleted. Locks nothing.
-- $1 account, $2 mailbox, $3 numbers of deleted messages and $4 messages, side by side, $5 whether the message-ids are wanted
select w.number, coalesce(a.original, w.message) as known_as, t.deleted_at, g.root
from unnest($3::bigint[], $4::bigint[]) w (number, message)
    left join aox.tombstones t on t.account = $1 and t.mailbox = $2 and t.deleted_uid = w.number
    left join lateral (
        select coalesce(nullif(split_part(reference_ids, e'\x1f', 1), ''), nullif(in_reply_to, ''), message_id) as root
        from aox.messages
        where $5 and account = $1 and id = w.message
        offset 0
    ) g on true
    left join lateral (
        select original
        from aox.adopted_messages
        where account = $1 and message = w.message
        offset 0
    ) a on true
