-- Gives what was given in a mailbox when it was deleted, to those who are still there. $1 account, $2 mailbox
with kept as (
    delete from aox.taken_along where account = $1 and mailbox = $2 and relation = 'rights' returning content
)
insert into aox.rights
select r.* from kept k cross join lateral jsonb_populate_record(null::aox.rights, k.content) r
where r.kind < 2
    or r.kind = 2 and exists (select from aox.accounts a where a.id = r.grantee and a.state <> 2)
    or r.kind = 3 and exists (select from aox.groups g where g.id = r.grantee)
on conflict do nothing
