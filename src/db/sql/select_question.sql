-- What another server asks. $1 the question. Locks nothing.
select what::text from aox.questions where id = $1
