-- Which of the next messages in mailboxes a policy wants deleted and none wants kept. Locks nothing. All are of one
-- account, so that they can be deleted in one transaction.
-- $1 the policy; $2 account, $3 mailbox and $4 uid behind which it begins; $5 how many are looked at. Each that goes has
-- a row; one more row, with the number of those that were looked at, names the last of them.
with protecting as materialized (
    select array(select k from aox.policies k where k.kind in ('hold', 'retain') and aox.is_in_force(k)) as policies
), next as materialized (
    select p, m.account
    from aox.policies p
        join aox.mailbox_messages m on m.account between coalesce(p.account, 0) and coalesce(p.account, 9223372036854775807)
    where p.id = $1 and (m.account, m.mailbox, m.uid) > ($2, $3, $4)
    order by m.account, m.mailbox, m.uid
    limit 1
), page as materialized (
    select n.p, m.account, m.mailbox, m.uid,
        row(m.account, m.mailbox, m.uid, m.message, m.flags,
            case when m.keywords is not null then array(
                select k.name from aox.mailbox_keywords k
                where k.account = m.account and k.mailbox = m.mailbox and k.id = any (m.keywords)) end,
            m.internal_date, m.internal_zone, m.octets)::aox.candidate as c
    from next n join aox.mailbox_messages m on m.account = n.account
    where (m.account, m.mailbox, m.uid) > ($2, $3, $4)
    order by m.account, m.mailbox, m.uid
    limit $5
), judged as materialized (
    select account, mailbox, uid,
        aox.covers(p, c) and not exists (
            select from protecting g cross join lateral unnest(g.policies) k where aox.covers(k, c)) as goes
    from page
)
select account, mailbox, uid, 0::bigint as looked from judged where goes
union all
select account, mailbox, uid, looked
from (select account, mailbox, uid, count(*) over () as looked from judged
      order by account desc, mailbox desc, uid desc limit 1) l
