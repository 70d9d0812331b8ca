-- Who has seen other messages of a mailbox since a modseq. $1 account, $2 mailbox, $3 modseq. Locks nothing.
select reader from aox.seen where account = $1 and mailbox = $2 and modseq > $3
