-- A secret that the hosts of the site share. $1 its name.
select secret from aox.secrets where name = $1
