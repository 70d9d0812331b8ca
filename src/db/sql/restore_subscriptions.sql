-- An account has the subscriptions again that it had when it was deleted. $1 account
with kept as (
    delete from aox.taken_along where account = $1 and relation = 'subscriptions' and mailbox is null returning content
)
insert into aox.subscriptions
select r.* from kept k cross join lateral jsonb_populate_record(null::aox.subscriptions, k.content) r
on conflict do nothing
