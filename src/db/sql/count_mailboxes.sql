-- How many mailboxes an account has that is not deleted. $1 account. Locks the account's row, so that two creations count
-- in turn; whoever only refers to the account need not wait.
select (select count(*) from aox.mailboxes where account = $1 and deleted_at is null)
from aox.accounts where id = $1 and state <> 2 for no key update
