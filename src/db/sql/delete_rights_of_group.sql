-- Takes back all that was given to a group. $1 group
delete from aox.rights where kind = 3 and grantee = $1
