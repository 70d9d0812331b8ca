-- A group. $1 its name in lower case. Keeps it from being deleted meanwhile.
select id from aox.groups where name_key = $1 for key share
