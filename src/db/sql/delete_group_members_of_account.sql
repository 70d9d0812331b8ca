-- The account is a member of no group any more. $1 account.
delete from aox.group_members where account = $1
