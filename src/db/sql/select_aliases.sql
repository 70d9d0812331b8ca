-- Every address with its targets. Locks nothing.
select t.localpart, t.domain, a.login, m.name, t.target_localpart, t.target_domain, t.own
from aox.alias_targets t
    left join aox.accounts a on a.id = t.account
    left join aox.mailboxes m on m.account = t.account and m.id = t.mailbox
order by t.domain, t.localpart_key, t.localpart, t.own desc, a.login_key, m.name, t.target_domain, t.target_localpart
