-- A mailbox of somebody else with its counters, and what the one who asks may do there. $1 who asks, $2 whether
-- anonymous, $3 the owner's login in lower case, $4 name, $5 who acts for the one who asks. Locks nothing.
select m.id, m.uidvalidity, m.uidnext, m.highestmodseq, m.first_recent_uid, m.messages,
    case when not m.seen_per_user then m.unseen else (
        select count(*) from aox.mailbox_messages c
        where c.account = m.account and c.mailbox = m.id and not c.uid <@ coalesce(s.uids, '{}')
    ) end,
    m.octets, m.deleted, aox.delete_ban($5, m.account, m.id), m.account, aox.rights_of($1, $2, m.account, m.id),
    m.seen_per_user, array(select lower(u) from unnest(s.uids) u), array(select upper(u) - 1 from unnest(s.uids) u),
    coalesce(h.modseqs, '{}'), coalesce(h.firsts, '{}'), coalesce(h.lasts, '{}')
from aox.accounts a
    join aox.mailboxes m on m.account = a.id
    left join aox.seen s on s.account = m.account and s.mailbox = m.id and s.reader = $1
    left join lateral (
        select array_agg(c.modseq order by c.modseq, u) as modseqs, array_agg(lower(u) order by c.modseq, u) as firsts,
            array_agg(upper(u) - 1 order by c.modseq, u) as lasts
        from unnest(s.change_modseqs, s.changes) c (modseq, uids), unnest(c.uids) u
    ) h on true
where a.login_key = $3 and a.state <> 2 and a.id <> $1 and m.name = $4 and m.deleted_at is null
