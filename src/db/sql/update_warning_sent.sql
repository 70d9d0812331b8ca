-- Notes that a warning that was due is sent. $1 account. Locks its usage; INBOX must be locked before.
update aox.quota_usage set warning = 2 where account = $1 and warning = 1
