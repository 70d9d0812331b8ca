-- Creates mailboxes. $1 account, $2 names, $3 the seconds since 1970. Returns the names that were new.
-- A uidvalidity is never given twice in an account: a later mailbox has a greater one, deleted ones counted.
insert into aox.mailboxes (account, name, uidvalidity)
select $1, n.name,
    greatest($3::bigint, (select coalesce(max(uidvalidity), 0) + 1 from aox.mailboxes where account = $1)) + n.ordinal - 1
from unnest($2::text[]) with ordinality n(name, ordinal)
on conflict (account, name) where deleted_at is null do nothing
returning name
