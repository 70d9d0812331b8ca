-- Makes a policy. $1 its kind, $2 its name, $3 the domain, $4 the account, $5 the mailbox, $6 days, $7 the search as it was
-- written, $8 the same as a program in JSON, $9 how many of its keys ask for texts, $10 who makes it. Locks nothing.
select aox.add_policy($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9, $10)
