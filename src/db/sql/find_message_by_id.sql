-- The message with the id $1, in whichever account; $2 how many at most. Ids are given once in all accounts. Locks nothing.
select m.account, m.id from aox.accounts a join aox.messages m on m.account = a.id and m.id = $1 limit $2
