-- What some people may do and have seen in some mailboxes, in the order of the questions; nothing in one that is gone.
-- Locks nothing.
-- $1 who, $2 whether anonymous, $3 who acts for them, $4 accounts, $5 mailboxes, side by side
select case when m.id is null then 0 else aox.rights_of(k.viewer, k.anonymous, k.account, k.mailbox) end,
    aox.delete_ban(k.acting, k.account, k.mailbox),
    coalesce(m.seen_per_user and k.viewer <> k.account, false), array(select lower(u) from unnest(s.uids) u),
    array(select upper(u) - 1 from unnest(s.uids) u),
    coalesce(h.modseqs, '{}'), coalesce(h.firsts, '{}'), coalesce(h.lasts, '{}')
from unnest($1::bigint[], $2::boolean[], $3::bigint[], $4::bigint[], $5::bigint[]) with ordinality
        k (viewer, anonymous, acting, account, mailbox, n)
    left join aox.mailboxes m on m.account = k.account and m.id = k.mailbox and m.deleted_at is null
    left join aox.seen s on s.account = k.account and s.mailbox = k.mailbox and s.reader = k.viewer
    left join lateral (
        select array_agg(c.modseq order by c.modseq, u) as modseqs, array_agg(lower(u) order by c.modseq, u) as firsts,
            array_agg(upper(u) - 1 order by c.modseq, u) as lasts
        from unnest(s.change_modseqs, s.changes) c (modseq, uids), unnest(c.uids) u
    ) h on true
order by k.n
