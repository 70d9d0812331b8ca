-- Gives ids to those of the named keywords that a mailbox has not yet, unless it would have too many then: in that
-- case to none of them. The caller holds the lock of the mailbox's row.
-- $1 account, $2 mailbox, $3 names, $4 their keys, $5 how many keywords the mailbox may have
with known as materialized (
    select id, name_key from aox.mailbox_keywords where account = $1 and mailbox = $2
), new as materialized (
    select n.name, n.name_key, row_number() over (order by n.position) as number
    from unnest($3::text[], $4::text[]) with ordinality n (name, name_key, position)
    where n.name_key not in (select name_key from known)
)
insert into aox.mailbox_keywords (account, mailbox, id, name, name_key)
select $1, $2, (select coalesce(max(id), -1) from known) + new.number, new.name, new.name_key
from new
where (select count(*) from known) + (select count(*) from new) <= $5
