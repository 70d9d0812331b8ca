-- Whether tombstones and changes of a mailbox behind a modseq may have ended: one row if so. Locks nothing.
-- $1 account, $2 mailbox, $3 modseq
select modseq from aox.horizons where account = $1 and mailbox = $2 and modseq > $3
