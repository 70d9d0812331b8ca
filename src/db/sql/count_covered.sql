-- How many of the next messages in mailboxes a policy covers, and of how many that is not known for certain yet, since
-- nobody has looked through their texts. Locks nothing.
-- $1 the policy; $2 account, $3 mailbox and $4 uid behind which it begins; $5 how many are looked at
with page as materialized (
    select p, m.account, m.mailbox, m.uid,
        row(m.account, m.mailbox, m.uid, m.message, m.flags,
            case when m.keywords is not null then array(
                select k.name from aox.mailbox_keywords k
                where k.account = m.account and k.mailbox = m.mailbox and k.id = any (m.keywords)) end,
            m.internal_date, m.internal_zone, m.octets)::aox.candidate as c
    from aox.policies p
        join aox.mailbox_messages m on m.account between coalesce(p.account, 0) and coalesce(p.account, 9223372036854775807)
    where p.id = $1 and (m.account, m.mailbox, m.uid) > ($2, $3, $4)
    order by m.account, m.mailbox, m.uid
    limit $5
), judged as materialized (
    select account, mailbox, uid, c, aox.covers(p, c) as is_covered,
        (p).text_keys > 0 and aox.is_about(p, account, mailbox)
            and aox.selects((p).program, (p).id, c, true) <> aox.selects((p).program, (p).id, c, false) as is_open
    from page
)
select count(*), count(*) filter (where is_covered), coalesce(sum((c).octets) filter (where is_covered), 0)::bigint,
    count(*) filter (where is_open),
    (array_agg(account order by account desc, mailbox desc, uid desc))[1],
    (array_agg(mailbox order by account desc, mailbox desc, uid desc))[1],
    (array_agg(uid order by account desc, mailbox desc, uid desc))[1]
from judged
