-- The targets of an address in any case of its letters. $1 domain, $2 key of the local-part. Locks nothing.
select t.localpart, t.domain, a.login, m.name, t.target_localpart, t.target_domain, t.own
from aox.alias_targets t
    left join aox.accounts a on a.id = t.account
    left join aox.mailboxes m on m.account = t.account and m.id = t.mailbox
where t.domain = $1 and t.localpart_key = $2
order by t.localpart, t.own desc, a.login_key, m.name, t.target_domain, t.target_localpart
