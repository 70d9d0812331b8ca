-- Sees to it that there is a quota root. $1 kind, $2 account, $3 group, $4 domain: the one that its kind needs.
insert into aox.quotas (kind, account, group_id, domain) values ($1, $2, $3, $4)
on conflict do nothing
