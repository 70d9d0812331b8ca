-- Who may do what in a mailbox, with the name of the account or group; null when that is no more. Locks nothing.
-- $1 account, $2 mailbox
select r.kind, r.grantee, r.negative, r.rights, coalesce(a.login, g.name) as name
from aox.rights r
    left join aox.accounts a on r.kind = 2 and a.id = r.grantee and a.state <> 2
    left join aox.groups g on r.kind = 3 and g.id = r.grantee
where r.account = $1 and r.mailbox = $2
order by r.kind, name, r.negative
