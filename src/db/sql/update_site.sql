-- Tells the database which group is the administrators'. $1 its name in lower case.
update aox.site set administrators_group = $1 where administrators_group <> $1
