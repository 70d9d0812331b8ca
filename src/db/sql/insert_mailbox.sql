-- Creates a mailbox. $1 account, $2 name, $3 its special use, which it gets only if no mailbox has that, $4 the seconds since
-- 1970. Returns nothing when the name is in use.
-- A uidvalidity is never given twice in an account: a later mailbox has a greater one, deleted ones counted.
insert into aox.mailboxes (account, name, special_use, uidvalidity)
select $1, $2,
    case when not exists (select from aox.mailboxes o
                          where o.account = $1 and o.special_use = $3 and o.deleted_at is null)
        then $3 end,
    greatest($4::bigint, (select coalesce(max(uidvalidity), 0) + 1 from aox.mailboxes where account = $1))
on conflict (account, name) where deleted_at is null do nothing
returning id, special_use
