-- A group by the key $1 of its name. Keeps it from being deleted meanwhile.
select id, name, description from aox.groups where name_key = $1 for key share
