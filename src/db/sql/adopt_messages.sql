-- Gives an account messages of its own that are the same as those of a mailbox of another account. Returns each message
-- once, with its new id. $1 owner, $2 mailbox, $3 and $4 first and last uids, side by side, $5 the account
select old_id, new_id
from aox.adopt_messages($1, array(
    select m.message
    from unnest($3::bigint[], $4::bigint[]) r (uid_first, uid_last)
        cross join lateral (
            select message from aox.mailbox_messages
            where account = $1 and mailbox = $2 and uid between r.uid_first and r.uid_last
            offset 0
        ) m
), $5)
