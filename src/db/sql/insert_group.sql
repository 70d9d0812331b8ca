-- Adds a group; no row when the name is taken. $1 name, $2 its key, $3 description.
insert into aox.groups (name, name_key, description) values ($1, $2, $3)
on conflict (name_key) do nothing
returning id
