-- A page of accounts with what is counted, and what their mailboxes hold. $1 account after which it begins, $2 how
-- many. Locks nothing. The mailboxes of an account that was deleted are empty, and are compared, too.
select a.id, a.login, coalesce(u.messages, 0), coalesce(u.octets, 0), m.messages, m.octets
from (select id, login from aox.accounts where id > $1 order by id limit $2) a
    left join aox.quota_usage u on u.account = a.id
    cross join lateral (
        select count(*) as messages, coalesce(sum(octets), 0)::bigint as octets
        from aox.mailbox_messages where account = a.id
    ) m
order by a.id
