-- Makes the aliases of a mailbox lead to it again that led to it when it was deleted, and not to INBOX where that was
-- only meanwhile; those that have been deleted since then stay so. $1 account, $2 mailbox
with kept as (
    delete from aox.taken_along where account = $1 and mailbox = $2 and relation = 'aliases' returning content
), old as materialized (
    select r.*, (k.content -> 'redirected')::boolean as redirected
    from kept k cross join lateral jsonb_populate_record(null::aox.aliases, k.content) r
    where exists (select from aox.aliases o
                  where o.account = $1 and o.domain = r.domain and o.localpart = r.localpart)
), undone as (
    delete from aox.aliases a
    using old o, aox.mailboxes m
    where o.redirected and m.account = $1 and m.name = 'INBOX' and m.deleted_at is null
        and a.account = $1 and a.mailbox = m.id and a.domain = o.domain and a.localpart = o.localpart
)
insert into aox.aliases (localpart, localpart_key, domain, account, mailbox, own)
select localpart, localpart_key, domain, account, mailbox, own from old
on conflict do nothing
