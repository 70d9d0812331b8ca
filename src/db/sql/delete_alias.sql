-- Ends that mail for an address goes to a mailbox. $1 domain, $2 local-part as written, $3 key of the login, $4 mailbox.
delete from aox.aliases l
using aox.accounts a, aox.mailboxes m
where l.domain = $1 and l.localpart = $2 and l.account = a.id and a.login_key = $3 and a.state <> 2
    and m.account = l.account and m.id = l.mailbox and m.name = $4
