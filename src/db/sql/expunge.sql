-- Moves messages of one mailbox to tombstones by the only way out. Locks the mailbox's row.
-- $1 account, $2 mailbox, $3 uids, $4 only those that are \Deleted, $5 the account that does it, $6 the door,
-- $7 the client, $8 the reason
select expunged, at_modseq, before_modseq
from aox.expunge($1, $2, $3, $4, $5, $6, $7, $8)
