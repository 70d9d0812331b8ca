-- Sets for how long what was deleted can be taken back. $1 the scope: 0 the site, 1 a domain, 2 a user, 3 a mailbox; $2
-- domain, $3 account, $4 mailbox, as far as the scope has them; $5 days, null to take the rule back; $6 who does it.
-- True when it was otherwise before.
select aox.set_undelete_time($1, $2, $3, $4, $5, $6)
