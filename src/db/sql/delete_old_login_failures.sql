-- Forgets failures that cost nobody a wait any more. $1 the time before which they were.
delete from aox.login_failures where last_at < $1
