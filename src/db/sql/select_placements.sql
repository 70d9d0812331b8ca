-- What is known of messages in a mailbox: when they came there, if they still are there; the message-ids that begin their
-- conversations; and which messages they are copies of, where those are another account's. Locks nothing. In-Reply-To is
-- empty only where there are references.
-- $1 account, $2 mailbox, $3 uids and $4 messages, side by side, $5 whether the message-ids are wanted
select w.uid, coalesce(a.original, w.message) as known_as, p.saved_at, g.root
from unnest($3::bigint[], $4::bigint[]) w (uid, message)
    left join lateral (
        select saved_at
        from aox.mailbox_messages
        where account = $1 and mailbox = $2 and uid = w.uid
        offset 0
    ) p on true
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
