-- Makes the aliases of a mailbox lead to the account's INBOX, so that no mail bounces. $1 account, $2 mailbox.
with led as (
    delete from aox.aliases where account = $1 and mailbox = $2
    returning localpart, localpart_key, domain, account, own
)
insert into aox.aliases (localpart, localpart_key, domain, account, mailbox, own)
select l.localpart, l.localpart_key, l.domain, l.account, m.id, l.own
from led l join aox.mailboxes m on m.account = l.account and m.name = 'INBOX' and m.deleted_at is null
on conflict do nothing
