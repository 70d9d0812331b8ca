-- Locks a mailbox's row, so that nothing in it changes until the transaction ends. account $1, mailbox $2.
select highestmodseq from aox.mailboxes where account = $1 and id = $2 and deleted_at is null for update
