-- The messages whose flags changed after a modseq and that the reader knows, found by looking at all of them. Locks
-- nothing. $1 account, $2 mailbox, $3 modseq, $4 uidnext as the reader knows it
select uid, modseq, flags, keywords
from aox.mailbox_messages
where account = $1 and mailbox = $2 and modseq > $3 and uid < $4
