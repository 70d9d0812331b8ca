-- Makes mail for an address go to a mailbox. $1 local-part, $2 the same in lower case, $3 domain, $4 account, $5 the
-- name of its mailbox. Adds nothing when it does so already.
insert into aox.aliases (localpart, localpart_key, domain, account, mailbox)
select $1, $2, $3, m.account, m.id
from aox.mailboxes m
where m.account = $4 and m.name = $5 and m.deleted_at is null
on conflict do nothing
