-- Counts a change of flags in the mailbox's row, which must be locked.
-- $1 account, $2 mailbox, $3 unseen messages more, $4 deleted messages more
update aox.mailboxes
set highestmodseq = highestmodseq + 1, unseen = unseen + $3, deleted = deleted + $4
where account = $1 and id = $2
