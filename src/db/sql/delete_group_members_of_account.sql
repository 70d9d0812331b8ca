-- The account is a member of no group any more, unless it comes back. $1 account.
with gone as (
    delete from aox.group_members where account = $1 returning *
)
insert into aox.taken_along (account, relation, content)
select $1, 'group_members', to_jsonb(gone) from gone
