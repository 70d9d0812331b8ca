-- Exactly how many rows the tables have that a site may ask about. Reads all of them, and locks nothing.
select 'users', count(*) from aox.accounts where state <> 2 and kind = 0
union all select 'mailboxes', count(*) from aox.mailboxes where deleted_at is null
union all select 'aliases', count(*) from aox.aliases
union all select 'groups', count(*) from aox.groups
union all select 'messages', count(*) from aox.messages
union all select 'messages_in_mailboxes', count(*) from aox.mailbox_messages
union all select 'deleted_messages', count(*) from aox.tombstones
union all select 'parts', count(*) from aox.parts
union all select 'bodies', count(*) from aox.bodies
union all select 'body_chunks', count(*) from aox.body_chunks
union all select 'addresses', count(*) from aox.addresses
union all select 'logins', count(*) from aox.logins
