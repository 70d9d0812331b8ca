-- Out of which mailboxes the message $2 of the account $1 was taken, by whom and why. Locks nothing.
select b.name, t.uid, t.deleted_at, w.login, t.door, t.client, t.reason
from aox.tombstones t
    join aox.mailboxes b on b.account = t.account and b.id = t.mailbox
    left join aox.accounts w on w.id = t.deleted_by
where t.account = $1 and t.message = $2
order by t.deleted_at, b.name, t.uid
