-- Gives a mailbox a use (RFC 6154), and takes it from the one that has it. $1 account, $2 mailbox, $3 use, null for none.
-- Both are locked.
update aox.mailboxes
set special_use = case when id = $2 then $3 end
where account = $1 and (id = $2 or special_use = $3) and deleted_at is null
    and special_use is distinct from case when id = $2 then $3 end
