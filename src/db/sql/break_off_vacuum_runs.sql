-- Notes that runs of the vacuum that have not been heard of for some time were broken off. $1 seconds
update aox.vacuum_runs
set ended_at = now(), error = 'it was broken off', step = ''
where started_at is not null and ended_at is null and heard_at < now() - make_interval(secs => $1)
