-- Policies: all that count now, or one. $1 the id, $2 the name of one; without both, all, or those
-- that are about the mailbox $4 of the account $3. Locks nothing. One that says
-- what must stay counts for a while after it was taken back; until when, the last column says.
select p.id, p.kind, p.name, a.login, p.mailbox, p.days, p.selector, p.text_keys, p.created_at, p.created_by,
    p.removed_at, p.removed_by,
    case when p.removed_at is not null and p.kind <> 'delete' then
        p.removed_at + make_interval(hours => 24 * aox.undelete_days(null, null, p.removed_at)) end as kept_until,
    p.domain
from aox.policies p
    left join aox.accounts a on a.id = p.account
where case when $1::bigint is not null then p.id = $1
           when $2::text is not null then p.name = $2 and aox.is_in_force(p)
           else aox.is_in_force(p) and ($3::bigint is null or aox.is_about(p, $3, $4)) end
order by p.removed_at is not null, p.kind = 'delete', p.kind = 'retain', p.id
