-- Begins the run of the vacuum that has been wanted for longest, or one because it is time; returns it. $1 the host.
with wanted as materialized (
    select id from aox.vacuum_runs where started_at is null and ended_at is null order by id limit 1
), taken as (
    update aox.vacuum_runs r
    set started_at = now(), heard_at = now(), host = $1
    from wanted w
    where r.id = w.id
    returning r.id, r.is_hurried
), begun as (
    insert into aox.vacuum_runs (cause, host, started_at)
        select 'schedule', $1, now() where not exists (select from wanted)
        returning id, is_hurried
)
select id, is_hurried from taken union all select id, is_hurried from begun
