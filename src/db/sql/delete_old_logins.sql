-- Forgets attempts to log in, the oldest first. $1 the time before which they were, $2 how many at most.
delete from aox.logins where id in (select l.id from aox.logins l where l.at < $1 order by l.at limit $2)
