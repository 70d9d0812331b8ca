-- Takes back a subscription. $1 account, $2 name.
delete from aox.subscriptions where account = $1 and name = $2
