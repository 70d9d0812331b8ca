-- How many more messages and octets an account may hold; null is no limit. $1 account. Locks nothing.
select messages, octets from aox.quota_room($1)
