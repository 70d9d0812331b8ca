-- Remembers that messages below a uid are \Recent to nobody any more. Returns the first uid that was \Recent before, which
-- may be greater. Locks the mailbox's row.
-- $1 account, $2 mailbox, $3 uid
with was as (
    select first_recent_uid from aox.mailboxes where account = $1 and id = $2 for no key update
), told as (
    update aox.mailboxes m set first_recent_uid = $3
    from was
    where m.account = $1 and m.id = $2 and was.first_recent_uid < $3
)
select first_recent_uid from was
