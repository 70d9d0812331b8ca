-- The uids that were expunged after a modseq, also of messages that the reader did not know when it began to read: it may
-- have heard of them meanwhile. Locks nothing.
-- $1 account, $2 mailbox, $3 modseq
select uid
from aox.tombstones
where account = $1 and mailbox = $2 and modseq > $3
