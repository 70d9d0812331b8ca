-- Nobody can prove to be the account any more, unless it comes back. $1 account.
with gone as (
    delete from aox.credentials where account = $1 returning *
)
insert into aox.taken_along (account, relation, content)
select $1, 'credentials', to_jsonb(gone) from gone
