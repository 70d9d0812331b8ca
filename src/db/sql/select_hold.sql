-- A hold that has not been released. $1 its name. Locks nothing.
select id from aox.policies where kind = 'hold' and name = $1 and removed_at is null
