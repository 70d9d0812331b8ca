-- Whether addresses may be in the domain $1: it is listed, or none is. Locks nothing.
select not exists (select from aox.domains) or exists (select from aox.domains where name = $1)
