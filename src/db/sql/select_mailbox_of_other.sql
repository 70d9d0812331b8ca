-- A mailbox of somebody else with its counters, and what the one who asks may do there. $1 who asks, $2 whether
-- anonymous, $3 the owner's login in lower case, $4 name. Locks nothing.
select m.id, m.uidvalidity, m.uidnext, m.highestmodseq, m.first_recent_uid, m.messages, m.unseen, m.octets, m.deleted,
    m.account, aox.rights_of($1, $2, m.account, m.id)
from aox.accounts a join aox.mailboxes m on m.account = a.id
where a.login_key = $3 and a.state <> 2 and a.id <> $1 and m.name = $4 and m.deleted_at is null
