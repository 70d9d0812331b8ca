-- Logs which messages have other flags since a modseq. The mailbox's row must be locked.
-- $1 account, $2 mailbox, $3 modseq, $4 and $5 first and last uids, side by side
insert into aox.change_log (account, mailbox, modseq, uid_first, uid_last)
select $1, $2, $3, uid_first, uid_last
from unnest($4::bigint[], $5::bigint[]) r (uid_first, uid_last)
