-- The lowest of the mailboxes that lie on the way to a name. $1 account, $2 the names above it. Locks nothing.
select id from aox.mailboxes
where account = $1 and name = any ($2) and deleted_at is null
order by length(name) desc
limit 1
