-- Makes a mailbox like another one that has just been deleted, with another uidvalidity. $1 account, $2 the other one,
-- $3 uidvalidity
insert into aox.mailboxes (account, name, uidvalidity, special_use, seen_per_user)
select m.account, m.name, $3, m.special_use, m.seen_per_user
from aox.mailboxes m
where m.account = $1 and m.id = $2
returning id
