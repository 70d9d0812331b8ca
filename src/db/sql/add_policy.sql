-- Makes a policy. $1 its kind, $2 its name, $3 the account, $4 the mailbox, $5 days, $6 the search as it was written,
-- $7 the same as a program in JSON, $8 how many of its keys ask for texts, $9 who makes it. Locks nothing.
select aox.add_policy($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9)
