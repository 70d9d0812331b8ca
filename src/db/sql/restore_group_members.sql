-- An account is in the groups again in which it was when it was deleted, as far as there are such groups. $1 account
with kept as (
    delete from aox.taken_along where account = $1 and relation = 'group_members' and mailbox is null returning content
)
insert into aox.group_members
select r.* from kept k cross join lateral jsonb_populate_record(null::aox.group_members, k.content) r
where exists (select from aox.groups g where g.id = r.group_id)
on conflict do nothing
