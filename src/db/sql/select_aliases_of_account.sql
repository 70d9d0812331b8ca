-- The addresses of an account, the aliases that lead to its mailboxes, and those that lead to its addresses. $1 account.
-- Locks nothing.
select t.localpart, t.domain, a.login, m.name, t.target_localpart, t.target_domain, t.own
from aox.alias_targets t
    left join aox.accounts a on a.id = t.account
    left join aox.mailboxes m on m.account = t.account and m.id = t.mailbox
where t.account = $1
    or (t.target_domain, t.target_localpart_key) in (select l.domain, l.localpart_key from aox.aliases l where l.account = $1)
order by t.own desc, t.domain, t.localpart_key, t.localpart, m.name, t.target_domain, t.target_localpart
