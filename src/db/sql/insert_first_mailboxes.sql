-- Creates an account's first mailboxes and subscribes to them. $1 account, $2 names, $3 special uses, $4 the seconds
-- since 1970, from which uidvalidities are taken.
with created as (
    insert into aox.mailboxes (account, name, special_use, uidvalidity)
    select $1, f.name, f.special_use, $4::bigint + f.ordinal - 1
    from unnest($2::text[], $3::text[]) with ordinality f(name, special_use, ordinal)
    returning account, name
)
insert into aox.subscriptions (account, name) select account, name from created
