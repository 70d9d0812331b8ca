-- An account can be proved to be one's own again as when it was deleted. $1 account
with kept as (
    delete from aox.taken_along where account = $1 and relation = 'credentials' and mailbox is null returning content
)
insert into aox.credentials overriding system value
select r.* from kept k cross join lateral jsonb_populate_record(null::aox.credentials, k.content) r
on conflict do nothing
