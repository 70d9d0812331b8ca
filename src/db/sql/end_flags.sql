-- Moves the modseq of a mailbox on when changes of flags have been logged under the next one. The mailbox's row must be
-- locked before.
-- $1 account, $2 mailbox
update aox.mailboxes b
set highestmodseq = b.highestmodseq + 1
where b.account = $1 and b.id = $2
    and exists (select from aox.change_log where account = $1 and mailbox = $2 and modseq = b.highestmodseq + 1)
