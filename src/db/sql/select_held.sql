-- The next messages in mailboxes, and whether a hold covers each. Locks nothing.
-- $1 the hold; $2 account, $3 mailbox and $4 uid behind which it begins; $5 how many are looked at
with page as materialized (
    select p, m.message, row(m.account, m.mailbox, m.uid, m.message, m.flags,
            case when m.keywords is not null then array(
                select k.name from aox.mailbox_keywords k
                where k.account = m.account and k.mailbox = m.mailbox and k.id = any (m.keywords) order by k.id) end,
            m.internal_date, m.internal_zone, m.octets)::aox.candidate as c
    from aox.policies p
        join aox.mailbox_messages m on m.account between coalesce(p.account, 0) and coalesce(p.account, 9223372036854775807)
    where p.id = $1 and (m.account, m.mailbox, m.uid) > ($2, $3, $4)
    order by m.account, m.mailbox, m.uid
    limit $5
)
select (c).account, (c).mailbox, (c).uid, aox.covers(g.p, g.c), g.message, a.login, b.name, b.uidvalidity,
    (c).flags, (c).keywords, (c).internal_date, (c).internal_zone, (c).octets
from page g
    join aox.accounts a on a.id = (c).account
    join aox.mailboxes b on b.account = (c).account and b.id = (c).mailbox
order by (c).account, (c).mailbox, (c).uid
