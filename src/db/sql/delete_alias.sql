-- Deletes an alias. $1 domain, $2 local-part as written, $3 the same in lower case, for when none is written so.
delete from aox.aliases
where domain = $1 and localpart_key = $3
    and (localpart = $2
         or not exists (select from aox.aliases e where e.domain = $1 and e.localpart_key = $3 and e.localpart = $2))
