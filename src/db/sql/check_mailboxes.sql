-- A page of mailboxes, with what each counts other than what is in it. $1 account and $2 mailbox after which it begins, $3
-- how many. Locks nothing.
select b.account, b.id, a.login, array_remove(array[
    case when b.messages <> m.messages then 'counts ' || b.messages || ' messages and has ' || m.messages end,
    case when b.unseen <> m.unseen then 'counts ' || b.unseen || ' unseen messages and has ' || m.unseen end,
    case when b.deleted <> m.deleted then 'counts ' || b.deleted || ' messages marked as deleted and has ' || m.deleted end,
    case when b.octets <> m.octets then 'counts ' || b.octets || ' octets and has ' || m.octets end,
    case when b.uidnext <= m.uid then 'would give the uid ' || b.uidnext || ' again' end,
    case when b.highestmodseq < m.modseq then 'has a message with a modseq above its own' end,
    case when b.deleted_at is not null and m.messages > 0 then 'was deleted and has messages' end
], null)
from (select * from aox.mailboxes where (account, id) > ($1, $2) order by account, id limit $3) b
    join aox.accounts a on a.id = b.account
    cross join lateral (
        select count(*) as messages, count(*) filter (where flags & 1 = 0) as unseen,
            count(*) filter (where flags & 8 <> 0) as deleted, coalesce(sum(octets), 0)::bigint as octets,
            coalesce(max(uid), 0) as uid, coalesce(max(modseq), 0) as modseq
        from aox.mailbox_messages where account = b.account and mailbox = b.id
    ) m
order by b.account, b.id
