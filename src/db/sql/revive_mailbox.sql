-- Makes a deleted mailbox be there again, under a name that is free; it has its use again unless another has that now.
-- $1 account, $2 mailbox, $3 the name
update aox.mailboxes m
set deleted_at = null, name = $3, highestmodseq = m.highestmodseq + 1, rights_modseq = m.highestmodseq + 1,
    special_use = case when not exists (
        select from aox.mailboxes o
        where o.account = $1 and o.special_use = m.special_use and o.deleted_at is null) then m.special_use end
where m.account = $1 and m.id = $2 and m.deleted_at is not null
returning m.highestmodseq
