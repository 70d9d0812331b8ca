-- Whether a run of the vacuum is wanted or due, and none is at work. $1 after how many minutes the next is due, 0 for
-- never; $2 after how many seconds of silence a run counts as broken off. Locks nothing.
select not exists (select from aox.vacuum_runs
                   where started_at is not null and ended_at is null and heard_at >= now() - make_interval(secs => $2))
    and (exists (select from aox.vacuum_runs where started_at is null and ended_at is null)
        or $1::integer > 0 and not exists (
            select from aox.vacuum_runs
            where cause = 'schedule' and (error is null or ended_at > now() - interval '1 minute')
                and started_at > now() - make_interval(mins => $1)))
