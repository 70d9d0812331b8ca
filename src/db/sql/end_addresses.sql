-- Ends addresses that stand in no message any more. $1 account and $2 address behind which it begins, $3 how many are
-- looked at. Keeps deliveries waiting for a moment; without looked, that would have been too long.
select looked, ended, last_account, last_address from aox.end_addresses($1, $2, $3)
