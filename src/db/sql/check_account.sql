-- What in the account $1 belongs to nothing, or lacks what it names, and how many rows: one kind of it, $2, from 1 to 7.
-- Foreign keys see to the rest. A message that is in no mailbox and has no tombstone may be about to be ended, but only for
-- moments. Locks nothing.
select * from (
    select 'messages are in no mailbox, and were not deleted from one', count(*) as rows
    from aox.messages m
    where $2::integer = 1 and m.account = $1 and m.arrived_at < now() - interval '1 day'
        and not exists (select from aox.mailbox_messages f where f.account = $1 and f.message = m.id)
        and not exists (select from aox.tombstones t where t.account = $1 and t.message = m.id)
    union all
    select 'messages are in a mailbox that does not exist', count(*)
    from aox.mailbox_messages f
    where $2 = 2 and f.account = $1 and not exists (select from aox.mailboxes b where b.account = $1 and b.id = f.mailbox)
    union all
    select 'messages have keywords that their mailbox does not know', count(*)
    from aox.mailbox_messages f
    where $2 = 3 and f.account = $1 and f.keywords is not null
        and exists (select from unnest(f.keywords) w (id)
                    where not exists (select from aox.mailbox_keywords k
                                      where k.account = $1 and k.mailbox = f.mailbox and k.id = w.id))
    union all
    select 'messages are both in a mailbox and deleted from it under the same uid', count(*)
    from aox.mailbox_messages f join aox.tombstones t using (account, mailbox, uid)
    where $2 = 4 and f.account = $1
    union all
    select 'addresses of messages do not exist', count(*)
    from aox.message_addresses a
    where $2 = 5 and a.account = $1 and not exists (select from aox.addresses d where d.account = $1 and d.id = a.address)
    union all
    select 'deleted messages are of a mailbox that does not exist', count(*)
    from aox.tombstones t
    where $2 = 6 and t.account = $1 and not exists (select from aox.mailboxes b where b.account = $1 and b.id = t.mailbox)
    union all
    select 'deleted messages can be taken back by nobody, because there is nothing left of them', count(*)
    from aox.tombstones t
    where $2 = 7 and t.account = $1 and t.message is not null
        and not exists (select from aox.messages m where m.account = $1 and m.id = t.message)
) c (wrong, rows)
where rows > 0
