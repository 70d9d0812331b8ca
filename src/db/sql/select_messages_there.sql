-- Which of some messages are still there. Locks nothing.
-- $1 account, $2 messages
select w.message
from unnest($2::bigint[]) w (message)
where exists (select from aox.messages where account = $1 and id = w.message offset 0)
