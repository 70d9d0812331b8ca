-- The mailboxes that were deleted with an account are there again. $1 account, $2 when that was
update aox.mailboxes m set deleted_at = null
where m.account = $1 and m.deleted_at = $2
    and not exists (select from aox.mailboxes o where o.account = $1 and o.name = m.name and o.deleted_at is null)
