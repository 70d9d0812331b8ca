-- Ends tombstones whose time has passed and that no policy keeps, and messages with them. $1 time, $2 account, $3 mailbox
-- and $4 uid behind which it begins, $5 how many are looked at, $6 whether it is only counted.
select looked, ended, ended_messages, ended_octets, kept_by_time, kept::text, last_time, last_account, last_mailbox,
    last_uid
from aox.end_tombstones($1, $2, $3, $4, $5, $6)
