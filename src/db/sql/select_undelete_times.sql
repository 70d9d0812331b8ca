-- The rules about for how long what was deleted can be taken back, as they were set last. Locks nothing.
select s.scope, coalesce(s.domain, a.login), m.name, s.days, s.set_at > '-infinity' as has_begun,
    greatest(s.set_at, '1970-01-01'::timestamptz) as set_at, s.set_by
from (
    select distinct on (scope, domain, account, mailbox) *
    from aox.undelete_times
    order by scope, domain, account, mailbox, set_at desc, id desc
) s
    left join aox.accounts a on a.id = s.account
    left join aox.mailboxes m on m.account = s.account and m.id = s.mailbox
where s.days is not null
order by s.scope, 2, 3
