-- Forgets attempts to log in. $1 the time before which they were.
delete from aox.logins where at < $1
