-- Locks a mailbox and the one that has a use (RFC 6154), in the order in which every writer locks them. $1 account, $2
-- mailbox, $3 use, null for none.
select id from aox.mailboxes
where account = $1 and (id = $2 or special_use = $3) and deleted_at is null
order by id
for no key update
