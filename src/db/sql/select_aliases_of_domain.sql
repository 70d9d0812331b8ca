-- Every address of the domain $1 with its targets. Locks nothing.
select t.localpart, t.domain, a.login, m.name, t.target_localpart, t.target_domain, t.own
from aox.alias_targets t
    left join aox.accounts a on a.id = t.account
    left join aox.mailboxes m on m.account = t.account and m.id = t.mailbox
where t.domain = $1
order by t.localpart_key, t.localpart, t.own desc, a.login_key, m.name, t.target_domain, t.target_localpart
