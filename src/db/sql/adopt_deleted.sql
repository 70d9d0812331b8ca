-- Gives an account messages of its own that are the same as some that were deleted in a mailbox of another account.
-- Returns each message once, with its new id. $1 owner, $2 mailbox, $3 the numbers of the deleted messages, $4 the account
select old_id, new_id
from aox.adopt_messages($1, array(
    select t.message
    from unnest($3::bigint[]) n (number)
        join aox.tombstones t on t.account = $1 and t.mailbox = $2 and t.deleted_uid = n.number
    where t.message is not null
), $4)
