-- Locks the mailboxes of an account in the order of their ids, as every writer does. $1 account.
select id from aox.mailboxes where account = $1 and deleted_at is null order by id for update
