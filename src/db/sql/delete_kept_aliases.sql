-- Forgets the addresses and aliases that went with an account. $1 account
delete from aox.taken_along where account = $1 and relation = 'aliases' and mailbox is null
