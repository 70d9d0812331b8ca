-- Does nothing for some seconds. $1 how many.
select pg_sleep($1)
