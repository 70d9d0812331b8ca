-- How many entries are in use at a place, by whose they are, and how many octets their values have. $1 account, $2
-- mailbox. Locks nothing.
select count(*), sum(octet_length(value))::bigint from aox.metadata
where account = $1 and mailbox = $2 and value is not null
group by reader
