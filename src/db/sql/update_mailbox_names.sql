-- Renames a mailbox and those below it. $1 account, $2 old name, $3 new name. Returns the new names.
update aox.mailboxes set name = $3 || substr(name, length($2) + 1)
where account = $1 and deleted_at is null and (name = $2 or starts_with(name, $2 || '/'))
returning name
