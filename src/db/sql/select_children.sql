-- The mailboxes below a name, that name excluded. $1 account, $2 name. Locks nothing.
select id, name from aox.mailboxes
where account = $1 and deleted_at is null and starts_with(name, $2 || '/')
order by id
