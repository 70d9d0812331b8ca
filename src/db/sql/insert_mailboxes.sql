-- Creates mailboxes. $1 account, $2 names, $3 their special uses, each given only if no mailbox has it, $4 the seconds
-- since 1970. Returns the names that were new.
-- A uidvalidity is never given twice in an account: a later mailbox has a greater one, deleted ones counted.
insert into aox.mailboxes (account, name, special_use, uidvalidity)
select $1, n.name,
    case when not exists (select from aox.mailboxes o
                          where o.account = $1 and o.special_use = n.special_use and o.deleted_at is null)
        then n.special_use end,
    greatest($4::bigint, (select coalesce(max(uidvalidity), 0) + 1 from aox.mailboxes where account = $1)) + n.ordinal - 1
from unnest($2::text[], $3::text[]) with ordinality n(name, special_use, ordinal)
on conflict (account, name) where deleted_at is null do nothing
returning name
