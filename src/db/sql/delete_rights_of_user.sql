-- Takes back what an account was given anywhere, and keeps it for when the account comes back. $1 account
with gone as (
    delete from aox.rights where kind = 2 and grantee = $1 returning *
)
insert into aox.taken_along (account, relation, content)
select $1, 'rights', to_jsonb(gone) from gone
