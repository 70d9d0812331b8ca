-- Gives an account what it was given in mailboxes of others when it was deleted, in those that are still there.
-- $1 account
with kept as (
    delete from aox.taken_along where account = $1 and relation = 'rights' and mailbox is null returning content
)
insert into aox.rights
select r.* from kept k cross join lateral jsonb_populate_record(null::aox.rights, k.content) r
where exists (select from aox.mailboxes m where m.account = r.account and m.id = r.mailbox and m.deleted_at is null)
on conflict do nothing
