-- Takes back what an account (kind $1 = 2) or a group (3) was given anywhere. $2 its number.
delete from aox.rights where kind = $1 and grantee = $2
