-- Forgets failures. $1 subjects.
delete from aox.login_failures where subject = any ($1)
