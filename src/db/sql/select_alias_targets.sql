-- Where mail for an address goes, as paths. $1 domain, $2 the local-part in lower case. Locks nothing.
select '/users/' || a.login || '/' || m.name
from aox.aliases l
    join aox.accounts a on a.id = l.account
    join aox.mailboxes m on m.account = l.account and m.id = l.mailbox
where l.domain = $1 and l.localpart_key = $2
order by 1
