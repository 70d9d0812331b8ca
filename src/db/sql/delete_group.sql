-- Deletes the group $1, which has no members any more.
delete from aox.groups where id = $1
