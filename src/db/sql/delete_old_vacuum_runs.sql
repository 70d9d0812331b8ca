-- Forgets runs of the vacuum of which nobody asks any more. Locks nothing else.
delete from aox.vacuum_runs where ended_at < now() - interval '400 days'
