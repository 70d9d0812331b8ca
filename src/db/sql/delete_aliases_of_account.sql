-- Mail for the account's addresses is refused from now on. $1 account.
delete from aox.aliases where account = $1
