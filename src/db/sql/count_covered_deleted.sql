-- The same among what was deleted and has not ended. Locks nothing.
-- $1 the policy; $2 account, $3 mailbox and $4 uid behind which it begins; $5 how many are looked at
with page as materialized (
    select p, t.account, t.mailbox, t.uid,
        row(t.account, t.mailbox, t.uid, t.message, t.flags, t.keywords, t.internal_date, t.internal_zone,
            t.octets)::aox.candidate as c
    from aox.policies p
        join aox.tombstones t on t.account between coalesce(p.account, 0) and coalesce(p.account, 9223372036854775807)
    where p.id = $1 and t.message is not null and (t.account, t.mailbox, t.uid) > ($2, $3, $4)
    order by t.account, t.mailbox, t.uid
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
