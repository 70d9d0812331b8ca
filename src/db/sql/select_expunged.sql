-- The uids that were expunged after a modseq and that the reader knows. Locks nothing.
-- $1 account, $2 mailbox, $3 modseq, $4 uidnext as the reader knows it
select uid
from aox.tombstones
where account = $1 and mailbox = $2 and modseq > $3 and uid < $4
