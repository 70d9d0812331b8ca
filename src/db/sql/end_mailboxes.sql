-- Ends what is left of deleted mailboxes. $1 account and $2 mailbox behind which it begins, $3 how many are looked at.
select looked, ended, last_account, last_mailbox from aox.end_mailboxes($1, $2, $3)
