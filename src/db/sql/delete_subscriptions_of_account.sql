-- Nobody reads these any more, unless the account comes back. $1 account.
with gone as (
    delete from aox.subscriptions where account = $1 returning *
)
insert into aox.taken_along (account, relation, content)
select $1, 'subscriptions', to_jsonb(gone) from gone
