-- Moves the mod-sequences of messages on, and that of their mailbox, whose row must be locked before; logs that. Returns
-- them with their flags. $1 account, $2 mailbox, $3 uids.
with box as materialized (
    update aox.mailboxes set highestmodseq = highestmodseq + 1
    where account = $1 and id = $2
    returning highestmodseq as modseq
), changed as (
    update aox.mailbox_messages m set modseq = (select modseq from box)
    from unnest($3::bigint[]) w (uid)
    where m.account = $1 and m.mailbox = $2 and m.uid = w.uid
    returning m.uid, m.modseq, m.flags, m.keywords
), logged as (
    -- As set_flags.sql does: neighbours with small gaps are one range of the log.
    insert into aox.change_log (account, mailbox, modseq, uid_first, uid_last)
    select $1, $2, (select modseq from box), min(uid), max(uid)
    from (
        select uid, count(*) filter (where is_far) over (order by uid) as run
        from (select uid, uid - lag(uid) over (order by uid) > 100 as is_far from changed) g
    ) r
    group by run
)
select uid, modseq, flags, keywords from changed
