-- Notes that the rights in a mailbox have changed, so that everybody who has it open looks at them again. $1 account,
-- $2 mailbox. Returns the modseq of that. Locks its row.
update aox.mailboxes
set highestmodseq = highestmodseq + 1, rights_modseq = highestmodseq + 1
where account = $1 and id = $2
returning highestmodseq
