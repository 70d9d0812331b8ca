-- The mailboxes of an account and the names it has subscribed to, each name once, and what keeps one from deleting in
-- each. $1 account, $2 who acts for it. Locks nothing.
-- A subscribed name without a mailbox has exists = false.
select coalesce(m.name, s.name) as name, m.id is not null as exists, s.name is not null as subscribed, m.special_use,
    -- Looked at once when there is no such policy at all.
    case when m.id is not null and exists (select from aox.delete_policies where removed_at is null)
        then aox.delete_ban($2, $1, m.id) end
from (select id, name, special_use from aox.mailboxes where account = $1 and deleted_at is null) m
    full join (select name from aox.subscriptions where account = $1) s on s.name = m.name
order by coalesce(m.name, s.name) collate "C"
