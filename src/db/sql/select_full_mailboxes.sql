-- The mailboxes of the user with the login $1, in lower case, that have messages, in the order in which they are locked.
-- Locks nothing.
select b.account, b.id, b.messages
from aox.accounts a join aox.mailboxes b on b.account = a.id
where a.login_key = $1 and a.state <> 2 and a.kind = 0 and b.deleted_at is null and b.messages > 0
order by b.id
