-- Attempts to log in, the latest first. $1 login in lower case or null, $2 true for those only that did not get in, $3 the
-- time since when or null, $4 how many. Locks nothing.
select l.at, l.login, b.login, l.door, host(l.address), l.mechanism, l.tls, l.outcome
from aox.logins l left join aox.accounts b on b.id = l.by_account
where ($1::text is null or lower(l.login) = $1 or b.login_key = $1
        or l.account in (select a.id from aox.accounts a where a.login_key = $1 and a.state <> 2))
    and (not $2 or l.outcome <> 'in')
    and ($3::timestamptz is null or l.at >= $3)
order by l.at desc, l.id desc
limit $4
