-- Makes the aliases of a mailbox lead to another one. $1 account, $2 mailbox, $3 the other one
with led as (
    delete from aox.aliases where account = $1 and mailbox = $2
    returning localpart, localpart_key, domain, account, own
)
insert into aox.aliases (localpart, localpart_key, domain, account, mailbox, own)
select localpart, localpart_key, domain, account, $3, own from led
