-- A run of the vacuum has ended. $1 the run, $2 why it did not come to its end, null when it did.
update aox.vacuum_runs set ended_at = now(), error = $2, step = '' where id = $1 and ended_at is null
