-- Where the message $2 of the account $1 is, and why its owner may not delete it there. Locks nothing.
select b.name, f.uid, f.flags,
    array(select k.name from aox.mailbox_keywords k
          where k.account = f.account and k.mailbox = f.mailbox and k.id = any (f.keywords) order by k.id),
    f.saved_at, aox.delete_ban(f.account, f.account, f.mailbox)
from aox.mailbox_messages f join aox.mailboxes b on b.account = f.account and b.id = f.mailbox
where f.account = $1 and f.message = $2
order by f.saved_at, b.name, f.uid
