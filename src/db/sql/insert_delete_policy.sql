-- Says who may delete, unless that is said already. $1 scope, $2 role, $3 domain, $4 group, $5 account, $6 mailbox,
-- $7 verdict
insert into aox.delete_policies (scope, role, domain, group_id, account, mailbox, verdict)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing
