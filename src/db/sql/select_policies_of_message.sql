-- The policies that cover a message, wherever it is or was deleted. $1 account, $2 message. Locks nothing. The columns
-- are those of select_policies.sql.
with places as materialized (
    select row(m.account, m.mailbox, m.uid, m.message, m.flags,
        case when m.keywords is not null then array(
            select k.name from aox.mailbox_keywords k
            where k.account = m.account and k.mailbox = m.mailbox and k.id = any (m.keywords)) end,
        m.internal_date, m.internal_zone, m.octets)::aox.candidate as c
    from aox.mailbox_messages m
    where m.account = $1 and m.message = $2
    union all
    select row(t.account, t.mailbox, t.uid, $2::bigint, t.flags, t.keywords, t.internal_date, t.internal_zone,
        t.octets)::aox.candidate
    from aox.tombstones t
    where t.account = $1 and $2 in (t.message, t.restored_message)
)
select p.id, p.kind, p.name, a.login, p.mailbox, p.days, p.selector, p.text_keys, p.created_at, p.created_by,
    p.removed_at, p.removed_by,
    case when p.removed_at is not null and p.kind <> 'delete' then
        p.removed_at + make_interval(hours => 24 * aox.undelete_days(null, null, p.removed_at)) end as kept_until,
    p.domain
from aox.policies p
    left join aox.accounts a on a.id = p.account
where aox.is_in_force(p) and exists (select from places where aox.covers(p, c))
order by p.kind = 'delete', p.kind = 'retain', p.id
