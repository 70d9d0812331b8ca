-- Every alias with its target. Locks nothing.
select l.localpart, l.domain, a.login, m.name
from aox.aliases l
    join aox.accounts a on a.id = l.account
    join aox.mailboxes m on m.account = l.account and m.id = l.mailbox
order by l.domain, l.localpart_key, l.localpart, a.login_key, m.name
