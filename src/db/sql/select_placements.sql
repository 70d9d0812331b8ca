-- When messages came into a mailbox, and the message-ids that begin their conversations. Locks nothing. In-Reply-To is
-- empty only where there are references.
-- $1 account, $2 mailbox, $3 uids, $4 whether the message-ids are wanted
select p.uid, p.saved_at, g.root
from unnest($3::bigint[]) w (uid)
    cross join lateral (
        select uid, message, saved_at
        from aox.mailbox_messages
        where account = $1 and mailbox = $2 and uid = w.uid
        offset 0
    ) p
    left join lateral (
        select coalesce(nullif(split_part(reference_ids, e'\x1f', 1), ''), nullif(in_reply_to, ''), message_id) as root
        from aox.messages
        where $4 and account = $1 and id = p.message
        offset 0
    ) g on true
