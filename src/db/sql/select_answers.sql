-- The other servers that listen now, and what each has answered, null as long as it has not. $1 the question, $2 the server that
-- asks, $3 the pattern of the names of listening connections, $4 how long what comes before the server's name is. Locks nothing.
select s.server, a.answer::text
from (select distinct substr(application_name, $4 + 1) as server from pg_stat_activity
      where datname = current_database() and application_name like $3) s
    left join aox.answers a on a.question = $1 and a.server = s.server
where s.server <> $2
