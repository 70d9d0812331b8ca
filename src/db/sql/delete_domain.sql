-- The domain $1 is none of the site any more.
delete from aox.domains where name = $1
