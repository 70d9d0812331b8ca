-- The message that is or was in the mailbox $2 of the account with the login $1, in lower case, under the uid $3; $4 how many
-- at most: mailboxes that were deleted may have had the same name. Locks nothing.
select p.account, p.message
from aox.accounts a
    join aox.mailboxes b on b.account = a.id and b.name = $2
    cross join lateral (
        select account, message from aox.mailbox_messages where account = b.account and mailbox = b.id and uid = $3
        union all
        select account, coalesce(message, restored_message) from aox.tombstones where account = b.account and mailbox = b.id and uid = $3
    ) p
where a.login_key = $1
order by a.state <> 2 desc, b.deleted_at is null desc
limit $4
