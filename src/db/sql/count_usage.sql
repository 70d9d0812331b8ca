-- Counts how much more accounts hold. Returns what their quotas say about it. Locks their usage, and the pools that
-- they share. $1 accounts, sorted, $2 messages, $3 octets, $4 percent of a limit from which it is nearly used up, $5
-- whether to fail when something is too much
select account, quota, is_shared, too_many_messages, too_many_octets, is_nearly_full, is_warning_due,
    case when $5::boolean and (too_many_messages > 0 or too_many_octets > 0) then aox.refuse('over quota') end
from aox.count_usage($1, $2, $3, $4)
