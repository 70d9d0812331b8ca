-- Ends what is left of deleted accounts. $1 the account behind which it begins, $2 how many are looked at.
select looked, ended, last_account from aox.end_accounts($1, $2)
