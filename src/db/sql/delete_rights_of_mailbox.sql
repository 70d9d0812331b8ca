-- Takes back all that was given in a mailbox, and keeps it for when the mailbox comes back. $1 account, $2 mailbox
with gone as (
    delete from aox.rights where account = $1 and mailbox = $2 returning *
)
insert into aox.taken_along (account, mailbox, relation, content)
select account, mailbox, 'rights', to_jsonb(gone) from gone
