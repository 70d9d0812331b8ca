-- Counts an account anew. $1 account. Locks its usage; its mailboxes must be locked before.
insert into aox.quota_usage as u (account, messages, octets)
select $1, count(*), coalesce(sum(octets), 0) from aox.mailbox_messages where account = $1
on conflict (account) do update set messages = excluded.messages, octets = excluded.octets
