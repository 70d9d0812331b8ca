-- How far some mailboxes have come. Locks nothing.
-- $1 accounts, $2 mailboxes, side by side
select b.account, b.id, b.highestmodseq
from unnest($1::bigint[], $2::bigint[]) as k (account, mailbox)
    join aox.mailboxes b on b.account = k.account and b.id = k.mailbox
