-- Who gets mail for an address: the mailboxes of the best alias. Locks nothing.
-- domain $1 (null: any), local-part $2, its key $3, local-part without subaddress $4, its key $5, subaddress $6.
--
-- An exact local-part is better than one that differs in case, and any of the two better than one without its
-- subaddress. With a subaddress mail goes to the mailbox of that name, if there is one; and when an alias names a
-- mailbox that was deleted, to INBOX.
with found as (
    select a.account, a.mailbox, case when a.localpart = $2 then 0 when a.localpart_key = $3 then 1
                                      when a.localpart = $4 then 2 else 3 end as distance
    from aox.aliases a
    where a.localpart_key = any (array[$3, $5]) and ($1::text is null or a.domain = $1)
), best as (
    select f.account, f.mailbox, f.distance from found f
    where f.distance = (select min(distance) from found)
)
select b.account, coalesce(
    (select m.id from aox.mailboxes m
        where b.distance >= 2 and m.account = b.account and lower(m.name) = lower($6) and m.deleted_at is null
        order by m.name = $6 desc, m.id limit 1),
    (select m.id from aox.mailboxes m where m.account = b.account and m.id = b.mailbox and m.deleted_at is null),
    (select m.id from aox.mailboxes m where m.account = b.account and m.name = 'INBOX' and m.deleted_at is null))
from best b join aox.accounts c on c.id = b.account and c.state <> 2
order by 1, 2
