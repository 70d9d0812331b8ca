-- Gives the messages of one range of uids new flags, counts and logs that, and returns those whose flags are other ones
-- now. A message whose flags stay as they are is not written; when a keyword that is to be set has no id, none is. The
-- mailbox's row must be locked before. One range at a time, because that finds the rows by their key whatever the
-- statistics say; a list of uids may be looked for in the whole mailbox.
-- $1 account, $2 mailbox, $3 first uid, $4 last uid, $5 system flags that stay, $6 system flags that are added, $7 what
-- happens to the keywords: 0 nothing, 1 $8 replaces them, 2 $8 is added, 3 $8 is removed; $8 keys of keywords, $9
-- whether this is the only range: otherwise end_flags.sql moves the mailbox's modseq on, after the last one
with box as materialized (
    select case when deleted_at is null then highestmodseq + 1 end as modseq
    from aox.mailboxes
    where account = $1 and id = $2
), named as materialized (
    select coalesce(array_agg(id order by id), '{}') as ids,
        $7::smallint in (0, 3) or count(*) = cardinality($8::text[]) as complete
    from aox.mailbox_keywords
    where account = $1 and mailbox = $2 and name_key = any ($8::text[])
), counted as materialized (
    select coalesce(sum((flags & 1) - (((flags & $5::smallint) | $6::smallint) & 1)), 0)::bigint as unseen,
        coalesce(sum(((((flags & $5::smallint) | $6::smallint) & 8) - (flags & 8)) / 8), 0)::bigint as deleted
    from aox.mailbox_messages
    where account = $1 and mailbox = $2 and uid between $3 and $4 and (select complete from named)
), changed as (
    update aox.mailbox_messages m
    set modseq = (select modseq from box),
        flags = (m.flags & $5::smallint) | $6::smallint,
        keywords = case $7::smallint
            when 0 then m.keywords
            when 1 then nullif((select ids from named), '{}')
            when 2 then (select array_agg(distinct k order by k) from unnest(m.keywords || (select ids from named)) k)
            else (select array_agg(k order by k) from unnest(m.keywords) k where k <> all ((select ids from named)::integer[]))
        end
    where m.account = $1 and m.mailbox = $2 and m.uid between $3 and $4
        and (select complete from named) and (select modseq from box) is not null
        and ((m.flags & $5::smallint) | $6::smallint <> m.flags
            or m.keywords is distinct from case $7::smallint
                when 0 then m.keywords
                when 1 then nullif((select ids from named), '{}')
                when 2 then (
                    select array_agg(distinct k order by k) from unnest(m.keywords || (select ids from named)) k
                )
                else (
                    select array_agg(k order by k) from unnest(m.keywords) k
                    where k <> all ((select ids from named)::integer[])
                )
            end)
    returning m.uid, m.flags, m.keywords
), logged as (
    -- Neighbours with gaps below a hundred are one range of the log: readers look at modseqs again.
    insert into aox.change_log (account, mailbox, modseq, uid_first, uid_last)
    select $1, $2, (select modseq from box), min(uid), max(uid)
    from (
        select uid, count(*) filter (where is_far) over (order by uid) as run
        from (select uid, uid - lag(uid) over (order by uid) > 100 as is_far from changed) g
    ) r
    group by run
), told as (
    update aox.mailboxes b
    set highestmodseq = b.highestmodseq + $9::boolean::integer, unseen = b.unseen + c.unseen,
        deleted = b.deleted + c.deleted
    from counted c
    where b.account = $1 and b.id = $2 and exists (select from changed)
)
select uid, flags, keywords from changed
