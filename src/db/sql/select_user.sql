-- A user with what belongs to the account. $1 key of the login. Locks nothing.
select a.id, a.login, a.display_name, a.state = 1, a.created_at, m.mailboxes, m.messages, m.octets,
    (select count(*) from aox.credentials c where c.account = a.id and c.name is not null),
    array(select g.name from aox.group_members r join aox.groups g on g.id = r.group_id
          where r.account = a.id order by g.name_key)
from aox.accounts a
    cross join lateral (
        select count(*) as mailboxes, coalesce(sum(messages), 0)::bigint as messages,
            coalesce(sum(octets), 0)::bigint as octets
        from aox.mailboxes b where b.account = a.id and b.deleted_at is null
    ) m
where a.login_key = $1 and a.state <> 2 and a.kind = 0
