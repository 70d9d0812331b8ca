-- Which of the next messages a policy needs read, because its search asks for their texts and nobody has looked. Locks
-- nothing. $1 the policy; $2 account and $3 message behind which it begins; $4 how many at most; $5 those in mailboxes
-- rather than those deleted
select w.account, w.message
from (
    select m.account, m.message, m.mailbox, p
    from aox.policies p
        join aox.mailbox_messages m on m.account between coalesce(p.account, 0) and coalesce(p.account, 9223372036854775807)
    where $5 and p.id = $1 and (m.account, m.message) > ($2, $3)
    union all
    select t.account, coalesce(t.message, t.restored_message), t.mailbox, p
    from aox.policies p
        join aox.tombstones t on t.account between coalesce(p.account, 0) and coalesce(p.account, 9223372036854775807)
    where not $5 and p.id = $1 and (t.account, coalesce(t.message, t.restored_message)) > ($2, $3)
) w
where aox.is_about(w.p, w.account, w.mailbox)
    and (select count(*) from aox.policy_verdicts v
         where v.policy = $1 and v.account = w.account and v.message = w.message) < (w.p).text_keys
group by w.account, w.message
order by w.account, w.message
limit $4
