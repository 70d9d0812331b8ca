-- Takes deleted messages back, by the one way there is. Locks the rows of both mailboxes.
-- $1 account, $2 mailbox in which they were deleted, $3 their numbers there, $4 account and $5 mailbox to put them into,
-- $6 the system flags that they may have there, $7 keywords in lower case and $8 their ids, side by side, $9 messages and
-- $10 those that stand for them in another account, side by side, $11 whether they stay among what is deleted, too
select uid, message, modseq, flags, keywords, internal_date, internal_zone, octets, deleted_uid
from aox.undelete($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
