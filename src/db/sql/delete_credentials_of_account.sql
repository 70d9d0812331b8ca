-- Nobody can prove to be the account any more. $1 account.
delete from aox.credentials where account = $1
