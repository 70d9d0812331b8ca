-- Asks for a run of the vacuum, by whichever server is first. $1 who asks, $2 whether it is in a hurry: then it rests as
-- little as one that is at work now. Returns the run.
with hurried as (
    update aox.vacuum_runs set is_hurried = true where $2 and ended_at is null
)
insert into aox.vacuum_runs (cause, host, started_at, is_hurried) values ($1, '', null, $2) returning id
