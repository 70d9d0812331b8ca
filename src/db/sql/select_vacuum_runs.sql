-- Runs of the vacuum, the latest first. $1 the id of one, or null; $2 how many. Locks nothing.
select id, cause, host, started_at, heard_at, ended_at, error, step, deleted, tombstones, messages, octets, bodies,
    body_octets, addresses, receipts, log_rows, mailboxes, accounts, kept_by_time, kept_by_policy
from aox.vacuum_runs
where $1::bigint is null or id = $1
order by id desc
limit $2
