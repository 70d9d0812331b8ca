-- Sets the limits of a quota root. $1 kind, $2 account, $3 group, $4 domain, $5 storage, $6 messages, $7 mailboxes,
-- $8 annotations.
update aox.quotas set storage = $5, messages = $6, mailboxes = $7, annotations = $8
where kind = $1 and account is not distinct from $2 and group_id is not distinct from $3
    and domain is not distinct from $4
returning id
