-- Forgets changes of mailboxes that nobody can have to hear of. $1 account and $2 mailbox behind which it begins, $3 how
-- many mailboxes are looked at.
select looked, ended, last_account, last_mailbox from aox.end_changes($1, $2, $3)
