-- Out of which mailboxes the message $2 of the account $1 was taken, by whom and why; until when it can be taken back there,
-- or since when it has been. Locks nothing.
select b.name, t.uid, t.deleted_at, w.login, t.door, t.client, t.reason,
    t.deleted_at + make_interval(hours => 24 * aox.undelete_days(t.account, t.mailbox, t.deleted_at)), t.restored_at
from aox.tombstones t
    join aox.mailboxes b on b.account = t.account and b.id = t.mailbox
    left join aox.accounts w on w.id = t.deleted_by
where t.account = $1 and (t.message = $2 or t.restored_message = $2)
order by t.deleted_at, b.name, t.uid
