-- Makes the aliases of a mailbox lead to the account's INBOX, so that no mail bounces, and keeps them for when the
-- mailbox comes back, with whether it was for them that they lead to INBOX. $1 account, $2 mailbox.
with led as (
    delete from aox.aliases where account = $1 and mailbox = $2 returning *
), redirected as (
    insert into aox.aliases (localpart, localpart_key, domain, account, mailbox, own)
    select l.localpart, l.localpart_key, l.domain, l.account, m.id, l.own
    from led l join aox.mailboxes m on m.account = l.account and m.name = 'INBOX' and m.deleted_at is null
    on conflict do nothing
    returning localpart, domain
)
insert into aox.taken_along (account, mailbox, relation, content)
select $1, $2, 'aliases', to_jsonb(led) || jsonb_build_object('redirected', r.domain is not null)
from led left join redirected r on r.domain = led.domain and r.localpart = led.localpart
