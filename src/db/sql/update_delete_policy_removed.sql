-- Takes back what is said about deleting of a scope and role, unless it is what shall be said. Locks its row.
-- $1 scope, $2 role, $3 domain, $4 group, $5 account, $6 mailbox, $7 the verdict that may stay; null for none
update aox.delete_policies
set removed_at = now()
where removed_at is null and scope = $1 and role = $2 and verdict is distinct from $7
    and (domain, group_id, account, mailbox) is not distinct from ($3::text, $4::bigint, $5::bigint, $6::bigint)
