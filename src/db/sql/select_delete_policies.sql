-- What is said about deleting, the most specific first, with the names of what it is about. Locks nothing.
select p.scope, p.role, p.verdict, coalesce(p.domain, g.name, a.login) as name, m.name as mailbox
from aox.delete_policies p
    left join aox.groups g on g.id = p.group_id
    left join aox.accounts a on a.id = p.account and a.state <> 2
    left join aox.mailboxes m on m.account = p.account and m.id = p.mailbox
where p.removed_at is null and (p.scope <> 5 or m.deleted_at is null)
order by p.scope desc, name, mailbox, p.role
