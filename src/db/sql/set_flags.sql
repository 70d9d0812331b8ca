-- Gives the messages of one range of uids new flags, and returns those whose flags are other ones now, with what the
-- mailbox's counters change by. A message whose flags stay as they are is not written. The mailbox's row must be
-- locked before and counted after. One range at a time, because that finds the rows by their key whatever the
-- statistics say; a list of uids may be looked for in the whole mailbox.
-- $1 account, $2 mailbox, $3 first uid, $4 last uid, $5 system flags that stay, $6 system flags that are added, $7 what
-- happens to the keywords: 0 nothing, 1 $8 replaces them, 2 $8 is added, 3 $8 is removed
with counted as materialized (
    select coalesce(sum((flags & 1) - (((flags & $5::smallint) | $6::smallint) & 1)), 0)::bigint as unseen,
        coalesce(sum(((((flags & $5::smallint) | $6::smallint) & 8) - (flags & 8)) / 8), 0)::bigint as deleted
    from aox.mailbox_messages
    where account = $1 and mailbox = $2 and uid between $3 and $4
), changed as (
    update aox.mailbox_messages m
    set modseq = (select highestmodseq + 1 from aox.mailboxes where account = $1 and id = $2),
        flags = (m.flags & $5::smallint) | $6::smallint,
        keywords = case $7::smallint
            when 0 then m.keywords
            when 1 then nullif($8::integer[], '{}')
            when 2 then (select array_agg(distinct k order by k) from unnest(m.keywords || $8::integer[]) k)
            else (select array_agg(k order by k) from unnest(m.keywords) k where k <> all ($8::integer[]))
        end
    where m.account = $1 and m.mailbox = $2 and m.uid between $3 and $4
        and ((m.flags & $5::smallint) | $6::smallint <> m.flags
            or m.keywords is distinct from case $7::smallint
                when 0 then m.keywords
                when 1 then nullif($8::integer[], '{}')
                when 2 then (select array_agg(distinct k order by k) from unnest(m.keywords || $8::integer[]) k)
                else (select array_agg(k order by k) from unnest(m.keywords) k where k <> all ($8::integer[]))
            end)
    returning m.uid, m.flags, m.keywords
)
select changed.uid, changed.flags, changed.keywords, counted.unseen, counted.deleted
from changed cross join counted
