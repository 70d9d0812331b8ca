-- Nobody reads these any more. $1 account.
delete from aox.subscriptions where account = $1
