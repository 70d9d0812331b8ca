-- Writes down about a mailbox what is written down about another one of the same account. $1 account, $2 from which, $3
-- to which, $4 the number of the change.
insert into aox.metadata (account, mailbox, reader, entry, value, version)
select account, $3, reader, entry, value, $4 from aox.metadata
where account = $1 and mailbox = $2 and value is not null
