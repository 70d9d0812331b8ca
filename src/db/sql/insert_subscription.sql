-- Subscribes to a name. $1 account, $2 name. Says nothing when that was so already.
insert into aox.subscriptions (account, name) values ($1, $2) on conflict do nothing
