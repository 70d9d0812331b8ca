-- Mail for the account's addresses is refused from now on. They are kept for when the account comes back. $1 account.
with gone as (
    delete from aox.aliases where account = $1 returning *
)
insert into aox.taken_along (account, relation, content)
select $1, 'aliases', to_jsonb(gone) from gone
