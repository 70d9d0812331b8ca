-- The domain $1, if it is one of the site. Locks nothing.
select name from aox.domains where name = $1
