-- What keeps somebody from deleting in a mailbox. $1 who acts, null for a command of an administrator, $2 account,
-- $3 mailbox. Locks nothing.
select aox.delete_ban($1, $2, $3)
