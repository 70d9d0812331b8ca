-- Adds up what a run of the vacuum has done. $1 the run, $2 what it does next; what was added: $3 deleted by policies, $4
-- tombstones, $5 messages, $6 octets of them, $7 bodies, $8 octets of them, $9 addresses, $10 receipts, $11 rows of the log
-- of changes, $12 mailboxes, $13 accounts; kept $14 for the time, $15 by policies. Returns whether it is in a hurry.
update aox.vacuum_runs
set heard_at = clock_timestamp(), step = $2, deleted = deleted + $3, tombstones = tombstones + $4, messages = messages + $5,
    octets = octets + $6, bodies = bodies + $7, body_octets = body_octets + $8, addresses = addresses + $9,
    receipts = receipts + $10, log_rows = log_rows + $11, mailboxes = mailboxes + $12, accounts = accounts + $13,
    kept_by_time = kept_by_time + $14, kept_by_policy = kept_by_policy + $15
where id = $1
returning is_hurried
