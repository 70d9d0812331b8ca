-- Counts what copy_messages.sql has put into a mailbox, whose row must be locked.
-- $1 account, $2 mailbox, $3 uidnext and $4 highestmodseq from now on, $5 messages, $6 of them unseen, $7 of them \Deleted,
-- $8 octets
update aox.mailboxes
set uidnext = $3, highestmodseq = $4, messages = messages + $5, unseen = unseen + $6, deleted = deleted + $7,
    octets = octets + $8
where account = $1 and id = $2
