-- The key of a user for a mailbox; a new one, if there is none or $4. It has 244 random bits.
-- $1 the user's account, $2 the account that has the mailbox, $3 mailbox, $4 whether it is renewed
insert into aox.url_keys as k (account, owner, mailbox, key)
values ($1, $2, $3, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())))
on conflict (account, owner, mailbox) do update set key = case when $4 then excluded.key else k.key end
returning key
