-- Forgets places from where an account has not been used for long. $1 the time before which it was.
delete from aox.login_places where last_at < $1
