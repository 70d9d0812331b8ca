-- Why a mailbox cannot be deleted before those below it, if it cannot. $1 account, $2 mailbox. Locks nothing.
select aox.delete_policy_below($1, $2)
