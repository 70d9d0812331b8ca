-- What happened, the latest first. $1 since, $2 until, $3 the login of whom it is about or who did it, in lower case, $4 the
-- kind, $5 how many at most. Locks nothing.
select e.at, e.kind, a.login, b.name, w.login, e.door, e.client, e.uids, e.detail::text, e.seal, e.id
from (
    select * from aox.events e
    where e.at >= coalesce($1::timestamptz, '-infinity') and e.at < coalesce($2::timestamptz, 'infinity')
        and ($4::text is null or e.kind = $4)
        and ($3::text is null
             or e.account in (select id from aox.accounts where login_key = $3)
             or e.by_account in (select id from aox.accounts where login_key = $3)
             or e.kind = 'login' and lower(e.detail ->> 'login') = $3
             or e.kind = 'delivery' and exists (
                 select from jsonb_array_elements(e.detail -> 'messages') m
                 where (m ->> 'account')::bigint in (select id from aox.accounts where login_key = $3)))
    order by e.at desc
    limit $5
) e
    left join aox.accounts a on a.id = e.account
    left join aox.accounts w on w.id = e.by_account
    left join aox.mailboxes b on b.account = e.account and b.id = e.mailbox
order by e.at desc, e.id desc
