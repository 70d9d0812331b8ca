-- The next messages that were deleted, and whether a hold covers each. Locks nothing.
-- $1 the hold; $2 account, $3 mailbox and $4 uid behind which it begins; $5 how many are looked at
with page as materialized (
    select p, t, row(t.account, t.mailbox, t.uid, t.message, t.flags, t.keywords, t.internal_date, t.internal_zone,
            t.octets)::aox.candidate as c
    from aox.policies p
        join aox.tombstones t on t.account between coalesce(p.account, 0) and coalesce(p.account, 9223372036854775807)
    where p.id = $1 and (t.account, t.mailbox, t.uid) > ($2, $3, $4)
    order by t.account, t.mailbox, t.uid
    limit $5
)
select (c).account, (c).mailbox, (c).uid, aox.covers(g.p, g.c), (t).message, a.login, b.name, b.uidvalidity,
    (c).flags, (c).keywords, (c).internal_date, (c).internal_zone, (c).octets,
    (t).deleted_at, w.login, (t).door, (t).client, (t).reason
from page g
    join aox.accounts a on a.id = (c).account
    join aox.mailboxes b on b.account = (c).account and b.id = (c).mailbox
    left join aox.accounts w on w.id = (t).deleted_by
order by (c).account, (c).mailbox, (c).uid
