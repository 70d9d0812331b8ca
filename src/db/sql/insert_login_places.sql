-- Remembers from where accounts are used, to the hour. $1 accounts, $2 places, $3 now. Locks the rows that it changes, in the
-- order of their keys.
insert into aox.login_places as p (account, place, last_at)
    select distinct u.account, u.place, $3::timestamptz
    from unnest($1::bigint[], $2::text[]) u (account, place) join aox.accounts a on a.id = u.account
    order by 1, 2
on conflict (account, place) do update set last_at = excluded.last_at
    where p.last_at < excluded.last_at - interval '1 hour'
