-- Notes whether messages of an account have what a key of a policy looks for. $1 policy, $2 key, $3 account, $4 messages
-- and $5 whether each has it, side by side
select aox.give_verdicts($1, $2, $3, $4, $5)
